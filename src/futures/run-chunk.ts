import type { Chunk } from "./chunk.ts";

/**
 * Runs `fn` over a chunk of inputs, one after the other, up to the first that fails. Synchronous functions are never
 * awaited, so that a chunk of them costs a plain loop.
 */
export function runChunk(
  fn: (...args: any[]) => unknown,
  chunk: ArrayLike<unknown>,
  spread: boolean,
): Chunk | Promise<Chunk> {
  const started = performance.now();
  const values: unknown[] = [];
  const end = (failure: Chunk["failure"], asynchronous: boolean): Chunk => ({
    values,
    failure,
    asynchronous,
    seconds: (performance.now() - started) / 1000,
  });
  try {
    for (let i = 0; i < chunk.length; i++) {
      const value = spread ? fn(...(chunk[i] as unknown[])) : fn(chunk[i]);
      if (isThenable(value)) return finishAsync(fn, chunk, spread, i, value, values, end);
      values.push(value);
    }
    return end(undefined, false);
  } catch (error) {
    return end({ error }, false);
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null && typeof value === "object" && typeof (value as { then?: unknown }).then === "function"
  );
}

async function finishAsync(
  fn: (...args: any[]) => unknown,
  chunk: ArrayLike<unknown>,
  spread: boolean,
  at: number,
  first: PromiseLike<unknown>,
  values: unknown[],
  end: (failure: Chunk["failure"], asynchronous: boolean) => Chunk,
): Promise<Chunk> {
  try {
    values.push(await first);
    for (let i = at + 1; i < chunk.length; i++)
      values.push(await (spread ? fn(...(chunk[i] as unknown[])) : fn(chunk[i])));
    return end(undefined, true);
  } catch (error) {
    return end({ error }, true);
  }
}
