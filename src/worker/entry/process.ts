import { BulkReader, BulkWriter } from "../bulk.ts";
import { claim, newStartCount, resume } from "../start-count.ts";
import { serve } from "./serve.ts";

/** Where a pool's process begins. */
const name = process.argv[2];
if (name !== undefined) process.title = `spool: ${name}`;
process.argv.splice(2, 1);

// The parent's end, by whatever cause, closes the channel.
process.on("disconnect", () => process.exit());
// Ctrl-C goes to the whole group of the terminal: the parent decides what becomes of its workers.
process.on("SIGINT", () => {});
const bulkIn = new BulkReader();
let bulkOut: BulkWriter | undefined;
/** Seen by the pool once there is memory that both share. */
let starts = newStartCount();
let isShared = false;
const send = (message: unknown): boolean => process.send!(message, undefined, undefined, NOTHING);
serve({
  to: "process",
  send: (batch) => void (bulkOut === undefined ? send(batch) : bulkOut.send(batch, send)),
  listen: (receive) => process.on("message", (message: unknown) => receive(bulkIn.read(message))),
  attached: (shared) => {
    shared[0] = starts[0]!;
    starts = shared;
    isShared = true;
    bulkOut = new BulkWriter();
  },
  rings: undefined,
  claim: () => claim(starts),
  resume: () => resume(starts),
  announces: () => !isShared,
  close: () => process.exit(),
});

function NOTHING(): void {}
