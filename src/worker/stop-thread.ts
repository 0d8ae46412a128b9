import type { Worker } from "node:worker_threads";

/** Milliseconds between two tries. */
const AGAIN_MS = 250;

/**
 * Ends a thread whatever it does. Once is not always enough: now and then a thread that blocks most of its time runs on
 * after `terminate`, and the second try ends it.
 */
export function stopThread(worker: Worker): void {
  // It has ended.
  if (worker.threadId === -1) return;
  void worker.terminate();
  // Each try listens for the end.
  worker.setMaxListeners(0);
  const again = setInterval(() => void worker.terminate(), AGAIN_MS);
  again.unref();
  worker.once("exit", () => clearInterval(again));
}
