import { type Frame, groupFrame } from "./frame.ts";
import type { Profile, Sample, ThreadRef } from "./sample.ts";

export interface CallNode {
  readonly frame: Frame;
  /** What was spent in this function itself, in the tree's unit. */
  self: number;
  /** `self` plus all below. */
  total: number;
  readonly children: Map<Frame, CallNode>;
}

/** Stacks folded into a tree; the form that flame graphs, tables and diffs are made from. */
export interface CallTree {
  readonly unit: "seconds" | "bytes" | "samples";
  readonly root: CallNode;
}

export function emptyTree(unit: CallTree["unit"], name = "all"): CallTree {
  return { unit, root: newNode(groupFrame(name)) };
}

/** Adds one stack (outermost first) of the given weight. */
export function addStack(tree: CallTree, stack: readonly Frame[], weight: number): void {
  let node = tree.root;
  node.total += weight;
  for (const frame of stack) {
    let child = node.children.get(frame);
    if (child === undefined) {
      child = newNode(frame);
      node.children.set(frame, child);
    }
    child.total += weight;
    node = child;
  }
  node.self += weight;
}

export interface TreeOptions {
  /** A node per process and thread above the stacks; by default only when there is more than one. */
  readonly byThread?: boolean;
  /** Keep samples in which the thread waited (default false). */
  readonly idle?: boolean;
}

/** The call tree of a profile, in seconds. */
export function callTree(profile: Profile, options: TreeOptions = {}): CallTree {
  const tree = emptyTree("seconds");
  const groups = grouping(profile, options.byThread ?? profile.threads.length > 1);
  for (const sample of profile.samples) {
    if (options.idle !== true && isIdle(sample)) continue;
    addStack(tree, [...groups(sample.thread), ...sample.stack], sample.weight);
  }
  return tree;
}

/** True when the thread waited for events, or had not begun. */
export function isIdle(sample: Sample): boolean {
  const leaf = sample.stack.at(-1);
  return leaf === undefined || leaf.kind === "idle";
}

/** Every stack with something of its own, outermost first: the rows of the folded format. */
export function* stacksOf(tree: CallTree): Generator<{ stack: readonly Frame[]; weight: number }> {
  const walk = function* (
    node: CallNode,
    path: readonly Frame[],
  ): Generator<{ stack: readonly Frame[]; weight: number }> {
    if (node.self > 0 && path.length > 0) yield { stack: path, weight: node.self };
    for (const child of node.children.values()) yield* walk(child, [...path, child.frame]);
  };
  yield* walk(tree.root, []);
}

function newNode(frame: Frame): CallNode {
  return { frame, self: 0, total: 0, children: new Map() };
}

function grouping(profile: Profile, wanted: boolean): (thread: ThreadRef) => readonly Frame[] {
  if (!wanted) return () => [];
  const processes = new Set(profile.threads.map((t) => t.pid));
  const frames = new Map<string, Frame>();
  const named = (name: string): Frame => {
    const frame = frames.get(name) ?? groupFrame(name);
    frames.set(name, frame);
    return frame;
  };
  return (thread) => [
    ...(processes.size > 1 ? [named(`process ${thread.pid} "${thread.process}"`)] : []),
    named(threadLabel(thread)),
  ];
}

/** How a thread is called in reports. */
export function threadLabel(thread: ThreadRef): string {
  return thread.thread === 0 ? "main thread" : `thread ${thread.thread} "${thread.name}"`;
}
