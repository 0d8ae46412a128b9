import { parentPort, workerData } from "node:worker_threads";
import { postBatch } from "../large-arrays.ts";
import { claim, resume } from "../start-count.ts";
import type { ThreadData } from "../thread-peer.ts";
import { writeStraight } from "./output.ts";
import { serve } from "./serve.ts";

/** Where a pool's thread begins. */
const { starts, rings } = workerData as ThreadData;
const port = parentPort!;

writeStraight();
serve({
  to: "thread",
  send: (batch, transfer) => postBatch(port, batch, transfer),
  listen: (receive) => port.on("message", receive),
  rings,
  claim: () => claim(starts),
  resume: () => resume(starts),
  announces: () => false,
  close: () => process.exit(),
});
