import type { Stall } from "../cpu/stalls.ts";
import type { Frame } from "../model/frame.ts";
import { labelOf } from "./label.ts";

/** Frames shown of each blamed stack; the outer ones are the same few of Node in most. */
const SHOWN = 6;

/** One stall: when, how long, and who. */
export function toStallText(stall: Stall): string {
  const when = new Date(stall.startedAt).toISOString().slice(11, 23);
  const length = `${(stall.duration * 1000).toFixed(0)} ms${stall.ongoing ? " so far" : ""}`;
  const stacks = stall.stacks.map(
    ({ stack, share }) => `  ${(share * 100).toFixed(0).padStart(3)} %  ${chain(stack)}`,
  );
  return [`${when}  the event loop was blocked for ${length}`, ...stacks].join("\n");
}

function chain(stack: readonly Frame[]): string {
  const own = stack.filter((frame) => frame.kind !== "builtin");
  const shown = (own.length > 0 ? own : stack).slice(-SHOWN).reverse();
  return shown.map(labelOf).join("\n         <- ");
}
