/**
 * Adds to a number under the barest lock there can be: one atomic exchange to take it, one store to give it up, and
 * nobody ever sleeps, is told of a death, or counted. Words: lock | number.
 */
export function addBare(words: Int32Array, times: number): void {
  for (let i = 0; i < times; i++) {
    while (Atomics.compareExchange(words, 0, 0, 1) !== 0);
    words[1]!++;
    Atomics.store(words, 0, 0);
  }
}
