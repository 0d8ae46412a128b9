/**
 * One 32-bit word that a pool shares with a worker, where they can share memory: how many tasks the worker has started. The worker adds one
 * before each task, so that the pool knows exactly what had begun, even when the worker dies. And the pool can take
 * back what has not begun: it sets a flag in the same word, by compare-and-swap, after which the worker can start
 * nothing until it has thrown its queue away and cleared the flag. Either the worker's addition or the pool's flag
 * comes first; there is no third possibility, so no task is lost and none runs twice.
 */
export type StartCount = Int32Array;

const REVOKED = 1 << 30;

export function newStartCount(): StartCount {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** The worker: starts the next task, unless the queue has been taken back. */
export function claim(word: StartCount): boolean {
  for (;;) {
    const value = Atomics.load(word, 0);
    if ((value & REVOKED) !== 0) return false;
    if (Atomics.compareExchange(word, 0, value, (value + 1) & (REVOKED - 1)) === value) return true;
  }
}

/** The worker: its queue is empty again. */
export function resume(word: StartCount): void {
  Atomics.and(word, 0, ~REVOKED);
}

/**
 * The pool: stops the worker from starting more, and says how many it has started. Undefined while an earlier
 * revocation has not been taken note of: the worker would take the second one's tasks for new ones.
 */
export function revoke(word: StartCount): number | undefined {
  const before = Atomics.or(word, 0, REVOKED);
  return (before & REVOKED) === 0 ? before : undefined;
}

export function startedSoFar(word: StartCount): number {
  return Atomics.load(word, 0) & (REVOKED - 1);
}

/** How many of the worker's tasks, counted modulo 2^30, come before `sequence`. */
export function hasBegun(sequence: number, started: number): boolean {
  return ((started - sequence - 1) & (REVOKED - 1)) < REVOKED >> 1;
}
