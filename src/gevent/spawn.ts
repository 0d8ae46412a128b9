import { Greenlet } from "./greenlet.ts";

/** Starts `fn(...args)` as a greenlet. Python: `gevent.spawn`. */
export function spawn<A extends unknown[], R>(
  fn: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Greenlet<R> {
  return Greenlet.spawn(fn, ...args);
}

/** Starts `fn(...args)` as a greenlet after `seconds`. Python: `gevent.spawn_later`. */
export function spawnLater<A extends unknown[], R>(
  seconds: number,
  fn: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Greenlet<R> {
  return Greenlet.spawnLater(seconds, fn, ...args);
}
