import { addStack, type CallTree, emptyTree, stacksOf } from "../model/call-tree.ts";
import { type Frame, FrameTable } from "../model/frame.ts";
import { labelOf } from "./label.ts";

/** Weights are whole numbers in this format; seconds are written as microseconds. */
const PER_SECOND = 1e6;

/** One stack a line, `outer;inner weight`: what flamegraph.pl, inferno and py-spy's `raw` format use. */
export function toFolded(tree: CallTree): string {
  const scale = tree.unit === "seconds" ? PER_SECOND : 1;
  let text = "";
  for (const { stack, weight } of stacksOf(tree)) {
    text += `${stack.map(folded).join(";")} ${Math.max(1, Math.round(weight * scale))}\n`;
  }
  return text;
}

/** Reads folded stacks back, from here or from another profiler; the numbers are taken as samples. */
export function fromFolded(text: string): CallTree {
  const tree = emptyTree("samples");
  const frames = new FrameTable();
  for (const line of text.split("\n")) {
    const match = /^(.*) (\d+(?:\.\d+)?)$/.exec(line.trim());
    if (match === null) continue;
    const stack = match[1]!.split(";").map((label) => frames.intern(parsed(label)));
    addStack(tree, stack, Number(match[2]));
  }
  return tree;
}

function folded(frame: Frame): string {
  return labelOf(frame).replaceAll(";", ":").replaceAll("\n", " ");
}

function parsed(label: string): Frame {
  const match = /^(.*) \((.*?)(?::(\d+))?\)$/.exec(label);
  if (match === null) return { name: label, url: "", line: 0, column: 0, kind: "native" };
  const [, name, url, line] = match;
  return { name: name!, url: url!, line: Number(line ?? 0), column: 0, kind: "js" };
}
