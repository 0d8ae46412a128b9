import { fileURLToPath } from "node:url";
import { ProfilerError, type WaitOptions } from "../../core/index.ts";
import { attach } from "../attach/attach.ts";
import type { CdpSession } from "../attach/session.ts";
import { type Suspended, suspendedFunctions } from "./await-graph.ts";
import { type HeapGraph, takeHeapGraph } from "./heap-graph.ts";

/** An async function of a running program, suspended at an `await`. */
export interface LiveTask {
  /** The function's name; `(top level)` for a module. */
  readonly name: string;
  readonly file: string;
  /** Of the `await`, from 1. */
  readonly line: number;
  readonly column: number;
  /** The line of source that it stands at, trimmed; empty if it is not to be had. */
  readonly source: string;
  /** What it awaits in turn. */
  readonly awaits: LiveTask[];
}

export interface LiveTaskOptions extends WaitOptions {
  /** Megabytes of heap up to which a snapshot is taken; default 50. */
  readonly heapLimit?: number | undefined;
}

/**
 * The await tree of a running Node process that was started without any preparation, with the exact line of every
 * `await`. Roots are what nobody awaits. Frames of Node itself are left out. The process stands still while its heap
 * is read (about 0.1 s per MB), so a heap above `heapLimit` is refused with what it would cost; a function that holds
 * on to nothing but itself is not seen, since the snapshot collects garbage first.
 */
export async function liveTasks(pid: number, options: LiveTaskOptions = {}): Promise<LiveTask[]> {
  const session = await attach(pid, { timeout: options.timeout, signal: options.signal });
  try {
    await requireSmallHeap(session, pid, options.heapLimit ?? HEAP_LIMIT_MB);
    return await readTasks(session);
  } finally {
    await session.close();
  }
}

/** Two to five seconds of standing still: as much as one may do to a server without asking. */
const HEAP_LIMIT_MB = 50;

async function requireSmallHeap(session: CdpSession, pid: number, limit: number): Promise<void> {
  const { usedSize } = await session.send<{ usedSize: number }>("Runtime.getHeapUsage");
  const size = usedSize / 1e6;
  if (size <= limit) return;
  throw new ProfilerError(
    `process ${pid} has a heap of ${size.toFixed(0)} MB; reading it would stop the process for about ` +
      `${(size / 10).toFixed(0)} s. If that is acceptable: --heap-limit ${Math.ceil(size * 1.2)}`,
    { code: "PROFILER_HEAP_TOO_LARGE" },
  );
}

async function readTasks(session: CdpSession): Promise<LiveTask[]> {
  const scripts = new Map<string, string>();
  const stop = session.on<{ scriptId: string; url: string }>("Debugger.scriptParsed", ({ scriptId, url }) =>
    scripts.set(scriptId, url),
  );
  await session.send("Debugger.enable");
  await session.send("HeapProfiler.enable");
  try {
    const graph = await takeHeapGraph(session);
    return await build(session, scripts, graph, suspendedFunctions(graph));
  } finally {
    stop();
    await session.send("HeapProfiler.disable");
    await session.send("Debugger.disable");
  }
}

/** Where a suspended function stands; undefined for those of Node itself. */
async function build(
  session: CdpSession,
  scripts: ReadonlyMap<string, string>,
  graph: HeapGraph,
  suspended: readonly Suspended[],
): Promise<LiveTask[]> {
  const sources = new Sources(session);
  const places = new Map<number, Place>();
  for (const { node } of suspended) {
    const place = await locate(session, graph.id(node), scripts);
    if (place !== undefined) places.set(node, place);
  }
  const parents = new Map(suspended.map(({ node, awaiters }) => [node, awaiters]));
  const tasks = new Map<number, LiveTask>();
  for (const [node, place] of places) {
    const { name, file, line, column } = place;
    tasks.set(node, { name, file, line, column, source: await sources.line(place), awaits: [] });
  }
  return link(tasks, parents);
}

/** Hangs every task under those that await it, past the frames of Node that lie between. */
function link(tasks: Map<number, LiveTask>, parents: ReadonlyMap<number, Suspended["awaiters"]>): LiveTask[] {
  const roots: LiveTask[] = [];
  for (const [node, task] of tasks) {
    const above = visibleAwaiters(node, tasks, parents);
    if (above.length === 0) roots.push(task);
    for (const parent of above) parent.awaits.push(task);
  }
  return roots;
}

function visibleAwaiters(
  node: number,
  tasks: ReadonlyMap<number, LiveTask>,
  parents: ReadonlyMap<number, Suspended["awaiters"]>,
): LiveTask[] {
  const found = new Set<LiveTask>();
  const seen = new Set([node]);
  const stack = [node];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const awaiter of parents.get(at) ?? []) {
      if (seen.has(awaiter)) continue;
      seen.add(awaiter);
      const task = tasks.get(awaiter);
      if (task !== undefined) found.add(task);
      else stack.push(awaiter);
    }
  }
  return [...found];
}

interface Place {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly scriptId: string;
}

interface Internal {
  readonly name: string;
  readonly value?: { readonly value?: unknown; readonly description?: string; readonly objectId?: string };
}

async function locate(
  session: CdpSession,
  id: number,
  scripts: ReadonlyMap<string, string>,
): Promise<Place | undefined> {
  const object = await session
    .send<{ result: { objectId: string } }>("HeapProfiler.getObjectByHeapObjectId", {
      objectId: String(id),
      objectGroup: GROUP,
    })
    .catch(() => undefined);
  if (object === undefined) return undefined;
  const { internalProperties = [] } = await session.send<{ internalProperties?: Internal[] }>(
    "Runtime.getProperties",
    { objectId: object.result.objectId, ownProperties: true },
  );
  await session.send("Runtime.releaseObjectGroup", { objectGroup: GROUP });
  const at = (name: string): Internal["value"] => internalProperties.find((p) => p.name === name)?.value;
  const location = at("[[GeneratorLocation]]")?.value as
    | { scriptId: string; lineNumber: number; columnNumber: number }
    | undefined;
  if (location === undefined || at("[[GeneratorState]]")?.value !== "suspended") return undefined;
  const url = scripts.get(location.scriptId) ?? "";
  if (url === "" || url.startsWith("node:")) return undefined;
  return {
    name: nameOf(at("[[GeneratorFunction]]")?.description ?? "", location),
    file: url.startsWith("file:") ? fileURLToPath(url) : url,
    line: location.lineNumber + 1,
    column: location.columnNumber + 1,
    scriptId: location.scriptId,
  };
}

const GROUP = "spool-live-tasks";

/** A module's "function" is its whole text. */
function nameOf(text: string, at: { readonly lineNumber: number }): string {
  const named = /^async\s+(?:function\s*\*?\s*)?([\w$]+)\s*\(/.exec(text)?.[1];
  if (named !== undefined && named !== "function") return named;
  if (/^async\b/.test(text)) return "(anonymous)";
  const method = /^(?:static\s+)?(?:async\s+)?\*?\s*(#?[\w$]+)\s*\([^)]*\)\s*\{/.exec(text)?.[1];
  return method !== undefined && at.lineNumber >= 0 && !/^(if|for|while|switch)$/.test(method)
    ? method
    : "(top level)";
}

/** Lines of the target's scripts, each script fetched once. */
class Sources {
  readonly #session: CdpSession;
  readonly #scripts = new Map<string, string[]>();

  constructor(session: CdpSession) {
    this.#session = session;
  }

  async line(place: Place): Promise<string> {
    let lines = this.#scripts.get(place.scriptId);
    if (lines === undefined) {
      const { scriptSource } = await this.#session.send<{ scriptSource: string }>(
        "Debugger.getScriptSource",
        {
          scriptId: place.scriptId,
        },
      );
      this.#scripts.set(place.scriptId, (lines = scriptSource.split("\n")));
    }
    return (lines[place.line - 1] ?? "").trim();
  }
}
