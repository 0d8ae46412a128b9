import { serve } from "./serve.ts";

/** Where a pool's process begins. */
const name = process.argv[2];
if (name !== undefined) process.title = `spool: ${name}`;
process.argv.splice(2, 1);

// The parent's end, by whatever cause, closes the channel.
process.on("disconnect", () => process.exit());
// Ctrl-C goes to the whole group of the terminal: the parent decides what becomes of its workers.
process.on("SIGINT", () => {});
serve({
  to: "process",
  send: (batch) => process.send!(batch, undefined, undefined, NOTHING),
  listen: (receive) => process.on("message", receive as (message: unknown) => void),
  rings: undefined,
  claim: undefined,
  resume: undefined,
  close: () => process.exit(),
});

function NOTHING(): void {}
