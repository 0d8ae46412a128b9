import { getHeapStatistics } from "node:v8";
import { ref } from "../../closures/index.ts";
import { NotRegistered } from "../../core/index.ts";
import type { Invocation } from "../context.ts";
import { execute, type Outcome } from "../execute.ts";
import { encodeException } from "../protocol/exceptions.ts";
import { collectApps } from "../registry.ts";
import { storeMeta } from "./store.ts";

/** One run in a pool's child, as plain data. */
export interface RemoteRun {
  readonly app: string;
  /** Modules to import so that the app and its tasks exist there. */
  readonly modules: readonly string[];
  readonly task: string;
  readonly invocation: Invocation;
  /** What to measure after the run. */
  readonly memoryOf: "thread" | "process" | null;
}

export interface RemoteResult {
  readonly outcome: Outcome;
  /** Bytes that the child holds. */
  readonly memory?: number | undefined;
}

/**
 * Runs a task in a pool's child: finds it by name in the app's modules, which are imported once.
 * @public found by its name
 */
export async function runRemotely(run: RemoteRun): Promise<RemoteResult> {
  const outcome = await runHere(run);
  return run.memoryOf === null ? { outcome } : { outcome, memory: memoryOf(run.memoryOf) };
}

async function runHere({ app, modules, task, invocation }: RemoteRun): Promise<Outcome> {
  const apps = collectApps();
  for (const module of modules) await import(module);
  const runtime = apps.get(app);
  const definition = runtime?.tasks.get(task);
  if (runtime === undefined || definition === undefined) {
    const message = `${task} (in a pool's child, after importing ${modules.join(", ") || "nothing"})`;
    const error = encodeException(new NotRegistered(message));
    return { kind: "failure", error, traceback: null, children: [], seconds: 0 };
  }
  const { headers, replyTo } = invocation;
  const storeState = async (status: string, result: unknown): Promise<void> => {
    if (runtime.settings.backend === null || headers.ignoreResult) return;
    await storeMeta(await runtime.connections.backend(), headers, replyTo, { status, result });
  };
  return execute(definition, invocation, { isEager: false, storeState });
}

function memoryOf(what: "thread" | "process"): number {
  if (what === "process") return process.memoryUsage.rss();
  const { total_heap_size: heap, external_memory: outside } = getHeapStatistics();
  return heap + outside;
}

/** The same by name, so that nothing has to be captured. */
export const runInChild: (run: RemoteRun) => Promise<RemoteResult> = ref<typeof runRemotely>(
  import.meta.url,
  "runRemotely",
);
