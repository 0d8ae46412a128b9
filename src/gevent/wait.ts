import { Event as Flag } from "../asyncio/index.ts";
import { GreenletExit, type WaitOptions, clock, requireSeconds } from "../core/index.ts";
import { Greenlet, type KillOptions } from "./greenlet.ts";
import { ranOutOfTime } from "./out-of-time.ts";

/** What can be waited for: greenlets, events, async results. */
export interface Waitable {
  ready(): boolean;
  rawlink(fn: (object: any) => void): void;
  unlink(fn: (object: any) => void): void;
}

export interface WaitManyOptions extends WaitOptions {
  /** Return as soon as so many are ready. */
  readonly count?: number | undefined;
}

/** Yields the objects as they become ready, until all are, `count` are, or time is up. Python: `gevent.iwait`. */
export async function* iwait<W extends Waitable>(
  objects: Iterable<W>,
  options: WaitManyOptions = {},
): AsyncGenerator<W, void, undefined> {
  const all = [...new Set(objects)];
  const ready: W[] = [];
  const arrived = new Flag();
  const note = (object: Waitable): void => {
    ready.push(object as W);
    arrived.set();
  };
  // Waiting for its end is not taking its error.
  for (const object of all) {
    if (object instanceof Greenlet) object.follow(note);
    else object.rawlink(note);
  }
  const end = clock().now() + requireSeconds("timeout", options.timeout);
  const wanted = Math.min(options.count ?? Infinity, all.length);
  try {
    for (let given = 0; given < wanted; given++) {
      while (ready.length === 0) {
        arrived.clear();
        await arrived.wait({ timeout: Math.max(0, end - clock().now()), signal: options.signal });
      }
      yield ready.shift()!;
    }
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
  } finally {
    for (const object of all) object.unlink(note);
  }
}

/** The objects that became ready in time. Running out of time is no error. Python: `gevent.wait`. */
export async function wait<W extends Waitable>(
  objects: Iterable<W>,
  options: WaitManyOptions = {},
): Promise<W[]> {
  const ready: W[] = [];
  for await (const object of iwait(objects, options)) ready.push(object);
  return ready;
}

export interface JoinAllOptions extends WaitManyOptions {
  /** Throw the first error that a greenlet failed with. */
  readonly raiseError?: boolean | undefined;
}

/** Waits for greenlets; gives those that ended in time. Python: `gevent.joinall`. */
export async function joinall<G extends Greenlet<any>>(
  greenlets: Iterable<G>,
  options: JoinAllOptions = {},
): Promise<G[]> {
  const done: G[] = [];
  for await (const greenlet of iwait(greenlets, options)) {
    if (options.raiseError && greenlet.exception !== null) throw greenlet.exception;
    done.push(greenlet);
  }
  return done;
}

/** Kills greenlets, all first, then waits for all. Python: `gevent.killall`. */
export async function killall(
  greenlets: Iterable<Greenlet<any>>,
  exception: Error = new GreenletExit(),
  options: KillOptions = {},
): Promise<void> {
  const all = [...greenlets];
  for (const greenlet of all) void greenlet.kill(exception, { block: false });
  if (options.block !== false)
    await joinall(
      all.filter((g) => !g.ready()),
      { timeout: options.timeout },
    );
}
