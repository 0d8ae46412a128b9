import { threadLabel } from "../model/call-tree.ts";
import type { ThreadStack } from "../model/sample.ts";
import { labelOf } from "./label.ts";

/** Stacks as `py-spy dump` prints them: a heading per thread, innermost function first. */
export function toDumpText(stacks: readonly ThreadStack[]): string {
  return stacks.map(threadText).join("\n\n");
}

function threadText(stack: ThreadStack): string {
  const { thread, state, detail, engine } = stack;
  const about = [state, ...(detail === undefined ? [] : [detail]), engine].join(", ");
  const head = `Process ${thread.pid} "${thread.process}" ${threadLabel(thread)} (${about})`;
  const frames = stack.frames.flatMap((frame) => [
    `    ${labelOf(frame)}`,
    ...(frame.locals ?? []).map(({ name, value }) => `        ${name}: ${value}`),
  ]);
  return [head, ...(frames.length > 0 ? frames : ["    (nothing on its stack)"])].join("\n");
}
