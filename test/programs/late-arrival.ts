/** A module that is ready only once the program that imports it says so. */
await (globalThis as { lateArrival?: Promise<void> }).lateArrival;

/** The other side of a value that names it in its `reduce`. */
export function arrive(state: number): number {
  return state;
}
