import { readlinkSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { answering } from "../../closures/index.ts";
import type { LoneThreadData } from "../lone-thread.ts";
import { runLone } from "./lone.ts";
import { writeStraight } from "./output.ts";

/** Where a Thread begins. It ends when its function has returned and nothing is left to do. */
const { start, native } = workerData as LoneThreadData;

writeStraight();
if (process.platform === "linux") {
  Atomics.store(native, 0, Number(readlinkSync("/proc/thread-self").split("/").at(-1)));
}
runLone(start).catch(async (error: unknown) => {
  await answering.loadEncoder();
  parentPort!.postMessage(answering.encodeError(error, { to: "thread" }));
  process.exit(1);
});
