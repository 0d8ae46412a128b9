import { type WaitOptions, clock, requireFunction, requireSeconds } from "../core/index.ts";
import {
  type ErrorHandler,
  type Greenlet,
  errors,
  getcurrent,
  liveGreenlets,
  reportError,
} from "./greenlet.ts";
import { ThreadPool } from "./thread-pool.ts";
import { joinall } from "./wait.ts";

/**
 * What all greenlets of a program share. In Python the hub is the greenlet that runs the event loop; here Node runs
 * it, and what is left is waiting for everybody, the default thread pool, and errors that nobody took.
 * Python: `gevent.hub.Hub`.
 */
export class Hub implements AsyncDisposable {
  readonly name = "hub";
  #threadpool: ThreadPool | undefined = undefined;

  /** The greenlets that were started and have not ended. */
  get greenlets(): readonly Greenlet<any>[] {
    return [...liveGreenlets];
  }

  /** Threads for what would block greenlets: ten, started when first needed. Python: `hub.threadpool`. */
  get threadpool(): ThreadPool {
    return (this.#threadpool ??= new ThreadPool(POOL_SIZE));
  }

  /** Takes the error of a greenlet that nobody is linked to. Python: `hub.handle_error`. */
  get handleError(): ErrorHandler {
    return errors.handle;
  }

  /** Another function for that, or undefined for the default one, a process warning. */
  set handleError(handler: ErrorHandler | undefined) {
    if (handler !== undefined) requireFunction("handleError", handler);
    errors.handle = handler ?? reportError;
  }

  /** Waits until every other greenlet has ended, those started meanwhile too; says whether that was in time. */
  async join(options: WaitOptions = {}): Promise<boolean> {
    const end = clock().now() + requireSeconds("timeout", options.timeout);
    for (let others = this.#others(); others.length > 0; others = this.#others()) {
      const timeout = end - clock().now();
      if (timeout <= 0) return false;
      await joinall(others, { ...options, timeout });
    }
    return true;
  }

  /** Ends the threads of the default pool once their calls have ended. The next use of it starts new ones. */
  async destroy(): Promise<void> {
    const ending = this.#threadpool;
    this.#threadpool = undefined;
    await ending?.join();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  #others(): Greenlet<any>[] {
    const current = getcurrent();
    return [...liveGreenlets].filter((greenlet) => greenlet !== current);
  }
}

/** As many threads as gevent's own pool has. */
const POOL_SIZE = 10;

const hub = new Hub();

/** The program's hub. Python: `gevent.get_hub`. */
export function getHub(): Hub {
  return hub;
}
