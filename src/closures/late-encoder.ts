import { createRequire } from "node:module";
import type { encodeValue as Encode } from "./encoder.ts";
import { quietly } from "./quietly.ts";

/**
 * The encoder as those have it who only answer. It is the larger half of this room, and most workers never meet a value
 * that needs it: they load it when they do. Whoever ships has it from the start, and gives it.
 */
export const encodeValue: typeof Encode = (value, label, options) =>
  (known ??= load())(value, label, options);

let known: typeof Encode | undefined;

export function giveEncoder(encode: typeof Encode): void {
  known = encode;
}

/** In a bundle this file lies among the program's own, but the encoder is still where npm put it. */
function load(): typeof Encode {
  const here = import.meta.url ?? process.argv[1];
  const [, extension] = /\/closures\/late-encoder\.([jt]s)$/.exec(here) ?? [];
  const require = createRequire(here);
  const file =
    extension === undefined
      ? require.resolve("spool/package.json").replace(/package\.json$/, "dist/closures/encoder.js")
      : `./encoder.${extension}`;
  return quietly(() => require(file) as { encodeValue: typeof Encode }).encodeValue;
}
