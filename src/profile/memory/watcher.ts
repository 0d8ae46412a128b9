import { renameSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { WatchReport, WatcherData } from "./helper.ts";
import { type PlainSession, commandsOf } from "./script.ts";
import { MemoryWatch } from "./watch.ts";

/**
 * The program of the helper thread: watches the memory of its process's main thread, also while that is busy.
 * Whatever it has is in its file at every moment, so that a process that is killed or runs out of memory leaves its
 * last peak behind.
 */
const { options, file, finished, every, floor } = workerData as WatcherData;

const session = new Session();
session.connectToMainThread();
const watch = new MemoryWatch(
  commandsOf(session as PlainSession),
  options,
  () => process.memoryUsage.rss(),
  floor,
);
let timer: NodeJS.Timeout | undefined;

function report(): WatchReport {
  return { checkpoints: watch.checkpoints, timeline: watch.timeline };
}

function save(): void {
  if (file === undefined) return;
  writeFileSync(`${file}.new`, JSON.stringify(report()));
  renameSync(`${file}.new`, file);
}

async function turn(): Promise<void> {
  if (await watch.poll()) save();
  timer = setTimeout(turn, every);
}

parentPort!.once("message", (answer: MessagePort) => {
  clearTimeout(timer);
  save();
  answer.postMessage(report());
  session.disconnect();
  Atomics.store(finished, 0, 1);
  Atomics.notify(finished, 0);
});

await turn();
parentPort!.postMessage("ready");
