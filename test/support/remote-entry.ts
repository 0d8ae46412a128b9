import { isMainThread, parentPort } from "node:worker_threads";
import { unpackArguments } from "spool/closures";
import { scripts } from "./remote-scripts.ts";

/** The program of a Remote: does what it is told, one message one answer. */
const objects = new Map<string, any>();

async function perform(message: any): Promise<unknown> {
  const target = objects.get(message.name);
  switch (message.op) {
    case "pid":
      return process.pid;
    case "give":
      objects.set(message.name, (await unpackArguments(message.wire))[0]);
      return undefined;
    case "get":
      return target[message.property];
    case "script":
      return scripts[message.name]!(objects, ...message.args);
    default:
      return target[message.method](...message.args);
  }
}

async function answer(message: any): Promise<void> {
  try {
    reply({ id: message.id, value: await perform(message) });
  } catch (error: any) {
    reply({
      id: message.id,
      error: { name: error.name, code: error.code, message: error.message, stack: error.stack },
    });
  }
}

function reply(message: unknown): void {
  if (isMainThread) process.send!(message);
  else parentPort!.postMessage(message);
}

if (isMainThread) process.on("message", answer).on("disconnect", () => process.exit());
else parentPort!.on("message", answer);
