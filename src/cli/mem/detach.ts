import { setTimeout as delay } from "node:timers/promises";
import { parseCommand } from "../args.ts";
import { pidOption } from "./options.ts";
import { recorderOf } from "./registry.ts";

/** A large heap's last state takes a while to fetch; milliseconds. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

/** `spool mem detach PID`: ends the recording of another terminal, which then writes its file. */
export async function detach(args: readonly string[]): Promise<number> {
  const { positionals } = parseCommand(args, {});
  const pid = pidOption(positionals[0]);
  const recorder = recorderOf(pid);
  if (recorder === undefined) {
    process.stderr.write(`spool mem detach: nobody records process ${pid}\n`);
    return 1;
  }
  process.kill(recorder, "SIGINT");
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
    if (recorderOf(pid) === undefined) return 0;
    await delay(LOOK_MS);
  }
  process.stderr.write(`spool mem detach: process ${recorder} has not let go of ${pid} yet\n`);
  return 1;
}
