import { StateError } from "../core/index.ts";
import type { encodeValue as Encode } from "./encoder.ts";

/**
 * The encoder as those have it who only answer. It is the larger half of this room, and most workers never meet a value
 * that needs it: they load it when they do. Whoever ships has it from the start, and gives it.
 */
export const encodeValue: typeof Encode = (value, label, options) => {
  if (known === undefined)
    throw new StateError("encodeValue: the encoder is not there yet; await loadEncoder()");
  return known(value, label, options);
};

let known: typeof Encode | undefined;

export function giveEncoder(encode: typeof Encode): void {
  known = encode;
}

/** Undefined when it is there already. */
export function loadEncoder(): Promise<void> | undefined {
  if (known !== undefined) return undefined;
  // Not by `require`: under loaders that hook it there would be a second copy of this room, which knows no class here.
  return import("./encoder.ts").then((encoder) => giveEncoder(encoder.encodeValue));
}
