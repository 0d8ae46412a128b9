import { inspect } from "node:util";
import type { LoneMessage } from "../lone.ts";
import { runLone } from "./lone.ts";

/**
 * Where a Process begins. When its function has returned it ends by itself, as any program does, as soon as nothing
 * is left to do; when the function throws, with code 1.
 */
const name = process.argv[2]!;
process.title = name;
process.argv.splice(2, 1);

// The parent's end, by whatever cause, closes the channel.
process.on("disconnect", () => process.exit());
// Ctrl-C goes to the whole group of the terminal: the parent decides what becomes of its children.
process.on("SIGINT", () => {});
process.once("message", (start) => {
  process.channel!.unref();
  runLone(start as LoneMessage).catch((error: unknown) => {
    process.stderr.write(`Process ${name}:\n${inspect(error)}\n`, () => process.exit(1));
  });
});
