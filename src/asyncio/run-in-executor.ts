import { availableParallelism } from "node:os";
import { requireFunction } from "../core/index.ts";
import type { Delivered, Executor, Future } from "../futures/index.ts";
import { ThreadPoolExecutor } from "../threading/index.ts";
import { currentScope } from "./scope.ts";
import { Waiter } from "./waiter.ts";

/**
 * Runs `fn(...args)` on any executor (threads, processes, a cluster; null for the default one, threads) and waits for
 * it. Cancelling the wait cancels the task: one that has not started never does, a running one is stopped; if the
 * executor cannot stop it, its end is waited for, so that nothing goes on behind the caller's back.
 * Python: `loop.run_in_executor`.
 */
export async function runInExecutor<A extends unknown[], R>(
  executor: Executor | null,
  fn: (...args: A) => R,
  ...args: NoInfer<A>
): Promise<Delivered<R>> {
  requireFunction("fn", fn);
  currentScope().throwIfCancelled();
  const future = (executor ?? defaultExecutor()).submit(fn, ...args);
  const waiter = new Waiter<Future<Delivered<R>>>("an executor");
  future.addDoneCallback((done) => void waiter.grant(done));
  try {
    await waiter.promise;
  } catch (reason) {
    if (!future.cancel() && !future.done()) await settled(future);
    throw reason;
  }
  return future;
}

/**
 * Runs `fn(...args)` in a worker thread of the default pool: the cure for synchronous calls and long computations
 * that would hold the event loop. The function travels with what it captures, results come back as copies. About
 * 50 us per call once a thread is up. Python: `asyncio.to_thread`.
 */
export function toThread<A extends unknown[], R>(
  fn: (...args: A) => R,
  ...args: NoInfer<A>
): Promise<Delivered<R>> {
  return runInExecutor<A, R>(null, fn, ...args);
}

/** Replaces the default executor, which is then the caller's to shut down. Python: `set_default_executor`. */
export function setDefaultExecutor(executor: Executor): void {
  pool = executor;
}

/** Ends the default pool's threads; the next `toThread` starts new ones. Idle threads keep no program alive. */
export async function shutdownDefaultExecutor(): Promise<void> {
  const ending = pool;
  pool = undefined;
  await ending?.shutdown();
}

let pool: Executor | undefined;

/** Python's rule for threads that mostly wait: a few more than there are cores, but not hundreds on a big machine. */
function defaultExecutor(): Executor {
  pool ??= new ThreadPoolExecutor({
    maxWorkers: Math.min(32, availableParallelism() + 4),
    threadNamePrefix: "to-thread",
  });
  return pool;
}

function settled(future: Future<unknown>): Promise<void> {
  return new Promise((resolve) => future.addDoneCallback(() => resolve()));
}
