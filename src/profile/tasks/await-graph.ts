import type { HeapGraph } from "./heap-graph.ts";

/** A suspended async function (or async generator, or module with top-level await) in the heap. */
export interface Suspended {
  readonly node: number;
  /** The suspended functions that await it. */
  readonly awaiters: readonly number[];
}

/**
 * Who awaits whom, read off the heap. A suspended async function is a Generator object that holds the promise it will
 * settle; the promise's reactions lead to whoever awaits it:
 *
 *     Generator -> Promise -> PromiseReaction -> built-in closure -> Context -> Generator       await
 *                                             -> Promise -> ...                                 then, return
 *                             built-in closure -> Context -> PromiseCapability -> Promise       Promise.all
 *
 * Closures of user code are not followed: what they captured has nothing to do with awaiting.
 */
export function suspendedFunctions(graph: HeapGraph): Suspended[] {
  const found: Suspended[] = [];
  for (const node of graph.nodes()) {
    if (!isSuspended(graph, node)) continue;
    const promises = resultPromises(graph, node);
    if (promises.length > 0) found.push({ node, awaiters: awaitersOf(graph, promises) });
  }
  return found;
}

function isSuspended(graph: HeapGraph, node: number): boolean {
  if (graph.type(node) !== "object") return false;
  // Async functions are called Generator; the objects of generator functions bear the function's own name.
  return graph.follow(node, "parameters_and_registers") !== undefined;
}

/** An async function holds its promise itself; an async generator, one per `next` that waits. */
function resultPromises(graph: HeapGraph, generator: number): number[] {
  const promises: number[] = [];
  for (const { to } of graph.edges(generator)) {
    if (graph.name(to) === "Promise") promises.push(to);
    else if (/AsyncGeneratorRequest/.test(graph.name(to))) {
      for (const edge of graph.edges(to)) if (graph.name(edge.to) === "Promise") promises.push(edge.to);
    }
  }
  return promises;
}

function awaitersOf(graph: HeapGraph, promises: readonly number[]): number[] {
  const awaiters = new Set<number>();
  const seen = new Set(promises);
  const queue = [...promises];
  for (let at = queue.shift(); at !== undefined && seen.size < MOST_STEPS; at = queue.shift()) {
    for (const node of stepsFrom(graph, at)) {
      if (isSuspended(graph, node)) awaiters.add(node);
      else if (!seen.has(node)) {
        seen.add(node);
        queue.push(node);
      }
    }
  }
  return [...awaiters];
}

/** A promise with more behind it than this is awaited by the whole program; its first awaiters tell enough. */
const MOST_STEPS = 10_000;

function* stepsFrom(graph: HeapGraph, node: number): Generator<number> {
  if (graph.name(node) === "Promise") {
    const reactions = graph.follow(node, "reactions_or_result");
    if (reactions !== undefined && isReaction(graph, reactions)) yield reactions;
  } else if (graph.type(node) === "closure") {
    const context = builtinContext(graph, node);
    if (context !== undefined) yield* fromContext(graph, context);
  } else {
    for (const { to } of graph.edges(node)) if (leadsOn(graph, to)) yield to;
  }
}

function isReaction(graph: HeapGraph, node: number): boolean {
  return graph.name(node) === "system / PromiseReaction";
}

function leadsOn(graph: HeapGraph, node: number): boolean {
  const name = graph.name(node);
  if (name === "Promise" || isReaction(graph, node) || graph.type(node) === "closure") return true;
  return /PromiseCapability|AsyncGeneratorRequest/.test(name) || isSuspended(graph, node);
}

/** The context of a closure that V8 made itself; those have no script. */
function builtinContext(graph: HeapGraph, closure: number): number | undefined {
  const shared = graph.follow(closure, "shared");
  if (shared === undefined || graph.follow(shared, "script") !== undefined) return undefined;
  return graph.follow(closure, "context");
}

function* fromContext(graph: HeapGraph, context: number): Generator<number> {
  if (graph.name(context) !== "system / Context") return;
  for (const { to } of graph.edges(context)) {
    if (leadsOn(graph, to) && graph.type(to) !== "closure") yield to;
  }
}
