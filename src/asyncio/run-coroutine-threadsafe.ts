import { randomUUID } from "node:crypto";
import { BroadcastChannel } from "node:worker_threads";
import { decodeError, packArguments, ship, unpackResult } from "../closures/index.ts";
import { StateError, invalid, requireFunction } from "../core/index.ts";
import { Future } from "../futures/index.ts";
import { isDead } from "../memory/index.ts";
import { EventLoop, type LoopReply, type LoopRequest } from "./loop.ts";
import { captureSite } from "./site.ts";
import { Task } from "./task.ts";

/**
 * From a worker thread, runs `fn(...args)` as a task in the event loop of another thread (usually the main one's) and
 * gives a future for its result. The function travels with what it captures; what only exists over there it gets
 * through imports or arguments. Cancelling the future cancels the task. Get the handle with `getLoop()` in the loop,
 * and pass or capture it. A StateError when that thread ends first (a thread that was terminated is noticed on Linux).
 * Python: `asyncio.run_coroutine_threadsafe`.
 */
export function runCoroutineThreadsafe<A extends unknown[], R>(
  loop: EventLoop,
  fn: (...args: A) => R,
  ...args: NoInfer<A>
): Future<Awaited<R>> {
  if (!(loop instanceof EventLoop)) throw invalid("loop", loop, "what getLoop() gave");
  requireFunction("fn", fn);
  return loop.isLocal ? runHere(loop, fn, args) : runThere(loop, fn, args);
}

function runHere<A extends unknown[], R>(
  loop: EventLoop,
  fn: (...args: A) => R,
  args: A,
): Future<Awaited<R>> {
  const owner = loop.owner();
  const task = new Task<Awaited<R>>(
    () => fn(...args) as Awaited<R>,
    owner.scope,
    owner,
    captureSite(runCoroutineThreadsafe),
    fn.name || undefined,
  );
  owner.add(task);
  const future = new Future<Awaited<R>>(() => task.cancel());
  future.setRunningOrNotifyCancel();
  task.join().then(
    (value) => settle(future, () => future.setResult(value)),
    (error: unknown) => settle(future, () => future.setException(error)),
  );
  return future;
}

function runThere<A extends unknown[], R>(
  loop: EventLoop,
  fn: (...args: A) => R,
  args: A,
): Future<Awaited<R>> {
  const reply = `${loop.channel}-${randomUUID()}`;
  // What cannot be shipped throws before there is a channel, which would keep the thread alive.
  const { payload } = ship(fn, { to: "thread" });
  const packed = packArguments(args, { to: "thread" });
  const answers = new BroadcastChannel(reply);
  const site = captureSite(runCoroutineThreadsafe);
  const future = new Future<Awaited<R>>(() => {
    post(loop, { type: "cancel", reply });
    return true;
  });
  future.setRunningOrNotifyCancel();
  const stopWatch = whenDead(loop.thread, () =>
    settle(future, () => future.setException(new StateError("The thread of the event loop has ended"))),
  );
  future.addDoneCallback(() => {
    stopWatch();
    answers.close();
  });
  answers.onmessage = (event) => void receive(future, (event as { data: LoopReply }).data, site.stack);
  try {
    post(loop, { type: "call", runner: loop.runner, reply, payload, args: packed });
  } catch (error) {
    stopWatch();
    answers.close();
    throw error;
  }
  return future;
}

/**
 * Calls `fn` once the thread has ended. What it said before its end may still be under way when its death is seen
 * first: that comes before the second look.
 */
function whenDead(thread: number, fn: () => void): () => void {
  let seen = false;
  const timer = setInterval(() => {
    if (seen) fn();
    seen = isDead(thread);
  }, WATCH_MS).unref();
  return () => clearInterval(timer);
}

/** Milliseconds between two looks, which cost 20 us each. */
const WATCH_MS = 100;

async function receive<R>(future: Future<R>, reply: LoopReply, callSite: string | undefined): Promise<void> {
  if (reply.ok) {
    const value = (await unpackResult(reply.value)) as R;
    settle(future, () => future.setResult(value));
  } else {
    const error = await decodeError(reply.error, callSite);
    settle(future, () => future.setException(error));
  }
}

function post(loop: EventLoop, request: LoopRequest): void {
  const channel = new BroadcastChannel(loop.channel);
  try {
    channel.postMessage(request);
  } finally {
    channel.close();
  }
}

/** A future that was cancelled meanwhile takes no outcome any more. */
function settle(future: Future<unknown>, set: () => void): void {
  if (!future.done()) set();
}
