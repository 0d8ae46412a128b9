import { parentPort, workerData } from "node:worker_threads";
import type { ThreadData } from "../thread-peer.ts";
import { writeStraight } from "./output.ts";
import { serve } from "./serve.ts";

/** Where a pool's thread begins. */
const { started } = workerData as ThreadData;
const port = parentPort!;

writeStraight();
serve({
  to: "thread",
  send: (batch, transfer) => port.postMessage(batch, transfer as ArrayBuffer[]),
  listen: (receive) => port.on("message", receive),
  claim: () => Atomics.add(started, 0, 1),
  close: () => process.exit(),
});
