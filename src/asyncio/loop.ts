import { BroadcastChannel, threadId } from "node:worker_threads";
import { StateError } from "../core/index.ts";
import {
  type Payload,
  type Reduced,
  type WireError,
  encodeError,
  packResult,
  reduce,
  revive,
  unpackArguments,
} from "../closures/index.ts";
import { me } from "../memory/index.ts";
import { type FreeTasks, freeTasksOf } from "./free-tasks.ts";
import { currentScope } from "./scope.ts";
import { Task } from "./task.ts";

/**
 * How worker threads reach an event loop. Every loop that was asked for its handle listens on one broadcast channel;
 * a request names the runner and the channel of its own on which it wants the answer.
 *
 *     worker: call ----------> loop: task runs in the runner's scope
 *             cancel --------->       (cancels it)
 *             <---------- value | error
 */
export type LoopRequest =
  | {
      readonly type: "call";
      readonly runner: number;
      readonly reply: string;
      readonly payload: Payload;
      readonly args: unknown;
    }
  | { readonly type: "cancel"; readonly reply: string };

export type LoopReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: WireError };

/** Names one runner's event loop; it may be passed to worker threads of this process. */
export class EventLoop {
  readonly channel: string;
  readonly runner: number;
  /** Its thread, as `isDead` of memory/ knows it. */
  readonly thread: number;

  /** For `getLoop` and its revival in a thread. */
  constructor(channel: string, runner: number, thread: number) {
    this.channel = channel;
    this.runner = runner;
    this.thread = thread;
  }

  /** Whether this is the loop of the calling thread. */
  get isLocal(): boolean {
    return this.channel === CHANNEL;
  }

  /** The owner of tasks started through this handle; StateError once the runner has ended. */
  owner(): FreeTasks {
    return ownerOf(this.runner);
  }
}

function ownerOf(runner: number): FreeTasks {
  const owner = runners.get(runner);
  if (owner === undefined) throw new StateError("The event loop's runner has ended");
  return owner;
}

// Declared apart from the class: isolated declarations take no computed names from other modules.
Object.defineProperty(EventLoop.prototype, reduce, {
  value(this: EventLoop): Reduced {
    return {
      revive: { url: import.meta.url, name: "reviveLoop" },
      state: { channel: this.channel, runner: this.runner, thread: this.thread },
    };
  },
});

/** The handle of the event loop (and runner) that the caller runs in. Python: `asyncio.get_running_loop`. */
export function getLoop(): EventLoop {
  const owner = freeTasksOf(currentScope());
  let loop = handles.get(owner);
  if (loop === undefined) {
    loop = new EventLoop(CHANNEL, ++lastRunner, me());
    handles.set(owner, loop);
    runners.set(loop.runner, owner);
    owner.onClose = () => void runners.delete(loop!.runner);
    listen();
  }
  return loop;
}

/** The other side of the handle's `reduce`. */
export function reviveLoop(state: Pick<EventLoop, "channel" | "runner" | "thread">): EventLoop {
  return new EventLoop(state.channel, state.runner, state.thread);
}

const CHANNEL = `spool-loop-${process.pid}-${threadId}`;
const handles = new WeakMap<FreeTasks, EventLoop>();
const runners = new Map<number, FreeTasks>();
const running = new Map<string, RemoteCall>();
let lastRunner = 0;
let listening: BroadcastChannel | undefined;

/** The channel keeps nothing alive: a loop that has only threads to wait for ends when they do. */
function listen(): void {
  if (listening !== undefined) return;
  listening = new BroadcastChannel(CHANNEL);
  listening.onmessage = (event) => {
    const request = (event as { data: LoopRequest }).data;
    if (request.type === "cancel") running.get(request.reply)?.cancel();
    else void serve(request);
  };
  listening.unref();
}

/** A call from another thread. Its cancellation may come while its function is still being revived. */
class RemoteCall {
  #task: Task<unknown> | undefined = undefined;
  #cancelled = false;

  cancel(): void {
    this.#cancelled = true;
    this.#task?.cancel();
  }

  begin(task: Task<unknown>): Promise<unknown> {
    this.#task = task;
    if (this.#cancelled) task.cancel();
    return task.join();
  }
}

async function serve(request: LoopRequest & { type: "call" }): Promise<void> {
  const call = new RemoteCall();
  running.set(request.reply, call);
  let reply: LoopReply;
  try {
    const owner = ownerOf(request.runner);
    const fn = (await revive(request.payload)) as (...args: unknown[]) => unknown;
    const args = await unpackArguments(request.args);
    const task = new Task(() => fn(...args), owner.scope, owner, undefined, fn.name || "from-thread");
    owner.add(task);
    reply = { ok: true, value: packResult(await call.begin(task), { to: "thread" }) };
  } catch (error) {
    reply = { ok: false, error: encodeError(error, { to: "thread" }) };
  }
  running.delete(request.reply);
  const channel = new BroadcastChannel(request.reply);
  channel.postMessage(reply);
  channel.close();
}
