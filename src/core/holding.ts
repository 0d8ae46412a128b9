import type { WaitOptions } from "./cancel.ts";
import { TimeoutError } from "./errors.ts";
import { requireFunction } from "./validate.ts";

/** What is held until it is disposed of. */
export type Holding = Disposable & AsyncDisposable;

/** Python's `with`: runs `fn` while what `hold` gives is held. */
export async function holding<H extends Disposable, O, R>(
  it: { hold(options: O): Promise<H> },
  fn: (held: H) => R | PromiseLike<R>,
  options: O,
): Promise<R> {
  requireFunction("fn", fn);
  const held = await it.hold(options);
  try {
    return await fn(held);
  } finally {
    held[Symbol.dispose]();
  }
}

export function holdingSync<H extends Disposable, O, R>(
  it: { holdSync(options: O): H },
  fn: (held: H) => R,
  options: O,
): R {
  requireFunction("fn", fn);
  const held = it.holdSync(options);
  try {
    return fn(held);
  } finally {
    held[Symbol.dispose]();
  }
}

/** Disposing of it again does nothing. */
export function heldUntil(release: () => void): Holding {
  let held = true;
  const dispose = (): void => {
    if (!held) return;
    held = false;
    release();
  };
  return { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: async () => dispose() };
}

/** `what` could not be had in time. */
export function notInTime(what: string, { timeout }: WaitOptions): TimeoutError {
  return new TimeoutError(`${what} within ${timeout} s`);
}
