import { type Frame, FrameTable, kindOf } from "./frame.ts";
import type { FunctionRanges } from "./function-ranges.ts";
import type { Sample, ThreadRef } from "./sample.ts";
import type { V8CallFrame, V8Node, V8Profile } from "./v8-types.ts";

/** How the URLs of code that we evaluate in a target begin; its time is not the program's. */
export const OWN_URL = "spool:";

export interface ConvertOptions {
  readonly thread: ThreadRef;
  readonly frames: FrameTable;
  /** V8's clock (µs) at which the recording began; sample times count from there. */
  readonly origin: number;
  /** Where functions lie, to see inlined ones; without it the profile is taken at its word. */
  readonly ranges?: FunctionRanges | undefined;
  /** Tell apart the lines of a function that were executing (innermost frames only; V8 keeps no others). */
  readonly lines?: boolean | undefined;
}

/**
 * The samples of a V8 profile in this package's model.
 *
 * V8 books the time of an inlined function on the function it was inlined into when that was compiled before the
 * profile began. Each node's `positionTicks` still say at which lines it was caught, so ticks at another function's
 * lines are given to that function, as a callee. Totals are right then; which of a node's samples are moved is not
 * known, so they are spread evenly.
 *
 * A sample stands for the time that leads to it: a thread that lost its processor is sampled the moment it has it
 * again, still where it was, so a long gap belongs to the sample at its end.
 */
export function samplesOf(profile: V8Profile, options: ConvertOptions): Sample[] {
  const stacks = new Map<number, Spread>();
  for (const { node, path } of walk(profile, options.frames))
    stacks.set(node.id, spread(node, path, options));
  const samples = profile.samples ?? [];
  const deltas = profile.timeDeltas ?? [];
  let time = profile.startTime;
  const found = samples.map((id, i) => {
    const from = time;
    time += deltas[i] ?? 0;
    return {
      thread: options.thread,
      stack: stacks.get(id)?.next() ?? [],
      time: (from - options.origin) / 1e6,
      weight: Math.max(0, time - from) / 1e6,
    };
  });
  return found.filter(({ stack }) => !stack.some((frame) => frame.url.startsWith(OWN_URL)));
}

/** Every node with its stack, outermost frame first, V8's own root left out. */
function* walk(profile: V8Profile, frames: FrameTable): Generator<{ node: V8Node; path: readonly Frame[] }> {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const root = profile.nodes[0];
  if (root === undefined) return;
  const todo: { node: V8Node; path: readonly Frame[] }[] = [{ node: root, path: [] }];
  for (let entry = todo.pop(); entry !== undefined; entry = todo.pop()) {
    yield entry;
    for (const id of entry.node.children ?? []) {
      const child = byId.get(id)!;
      todo.push({ node: child, path: [...entry.path, frames.intern(frameOf(child.callFrame))] });
    }
  }
}

function frameOf(call: V8CallFrame): Frame {
  return {
    name: call.functionName === "" ? "(anonymous)" : call.functionName,
    url: call.url,
    line: call.lineNumber + 1,
    column: call.columnNumber + 1,
    kind: kindOf(call.functionName, call.url),
  };
}

/** The stacks among which the samples of one node are shared out, in proportion to their ticks. */
class Spread {
  readonly #stacks: readonly { stack: readonly Frame[]; share: number }[];
  readonly #owed: number[];

  constructor(stacks: readonly { stack: readonly Frame[]; share: number }[]) {
    this.#stacks = stacks;
    this.#owed = stacks.map(() => 0);
  }

  /** The stack that is furthest behind its share. */
  next(): readonly Frame[] {
    if (this.#stacks.length === 1) return this.#stacks[0]!.stack;
    let best = 0;
    for (let i = 0; i < this.#owed.length; i++) {
      this.#owed[i]! += this.#stacks[i]!.share;
      if (this.#owed[i]! > this.#owed[best]!) best = i;
    }
    this.#owed[best]! -= 1;
    return this.#stacks[best]!.stack;
  }
}

function spread(node: V8Node, path: readonly Frame[], options: ConvertOptions): Spread {
  const own = path.at(-1);
  const ticks = node.positionTicks ?? [];
  const total = ticks.reduce((sum, t) => sum + t.ticks, 0);
  if (own === undefined || total === 0 || (options.ranges === undefined && options.lines !== true)) {
    return new Spread([{ stack: path, share: 1 }]);
  }
  const shares = new Map<Frame, { stack: readonly Frame[]; share: number }>();
  for (const { line, ticks: count } of ticks) {
    const inlined = options.ranges?.inlinedAt(node.callFrame, line);
    const at = options.lines === true ? { at: line } : {};
    const leaf = options.frames.intern({ ...(inlined ?? own), ...at });
    const known = shares.get(leaf);
    const stack = inlined === undefined ? [...path.slice(0, -1), leaf] : [...path, leaf];
    if (known === undefined) shares.set(leaf, { stack, share: count / total });
    else known.share += count / total;
  }
  return new Spread([...shares.values()]);
}
