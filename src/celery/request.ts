import { AsyncLocalStorage } from "node:async_hooks";
import type { ResultTuple } from "./backends/backend.ts";

/** The task being run in this asynchronous context, as far as what it sends needs to know of it. */
export interface CurrentTask {
  readonly id: string;
  readonly rootId: string;
  readonly stampedHeaders: readonly string[] | null;
  readonly stamps: Readonly<Record<string, unknown>>;
  readonly children: ResultTuple[];
}

const storage = new AsyncLocalStorage<CurrentTask>();

export function currentTask(): CurrentTask | undefined {
  return storage.getStore();
}

/** Runs `fn` so that tasks it sends become children of `task`. */
export function asCurrentTask<R>(task: CurrentTask, fn: () => R): R {
  return storage.run(task, fn);
}
