import { type AsyncHook, createHook } from "node:async_hooks";
import { requireSeconds } from "../core/index.ts";
import { type DebugTask, debug } from "./debug.ts";
import { type Site, captureSite, siteText } from "./site.ts";
import { currentTask } from "./task.ts";

export interface DebugOptions {
  /** Seconds that one callback may hold the event loop; default 0.1, as in Python. */
  readonly slowCallback?: number | undefined;
  /** Takes each finding; default: process warnings. */
  readonly onFinding?: ((finding: DebugFinding) => void) | undefined;
}

export interface DebugFinding {
  readonly kind: "slow-callback" | "leaked-timer" | "forgotten-task";
  readonly message: string;
  /** The task concerned, where there is one. */
  readonly task: string | undefined;
}

/**
 * Turns debug mode on, or off with `false`. It reports callbacks that hold the event loop too long, timers that a task
 * leaves behind, free tasks that nobody awaited before the program ended, and throws DeadlockError where a limiter,
 * semaphore or lock is awaited by everyone who holds it. It watches every promise through async_hooks: expect
 * promise code to run several times slower. `SPOOL_ASYNCIO_DEBUG=1` turns it on from the start. Python: `PYTHONASYNCIODEBUG`.
 */
export function setDebug(options: DebugOptions | boolean): void {
  active?.disable();
  active = undefined;
  debug.hooks = undefined;
  if (options === false) return;
  active = new Debugger(options === true ? {} : options);
}

/** Whether debug mode is on. */
export function isDebug(): boolean {
  return active !== undefined;
}

let active: Debugger | undefined;

class Debugger {
  readonly #slow: number;
  readonly #onFinding: (finding: DebugFinding) => void;
  readonly #hook: AsyncHook;
  readonly #started: number[] = [];
  readonly #timers = new Map<number, { readonly task: unknown; readonly site: Site }>();

  constructor(options: DebugOptions) {
    this.#slow =
      options.slowCallback === undefined ? SLOW : requireSeconds("slowCallback", options.slowCallback);
    this.#onFinding = options.onFinding ?? warnOf;
    this.#hook = createHook({
      init: (id, type) => this.#created(id, type),
      before: () => void this.#started.push(performance.now()),
      after: () => this.#left(),
      destroy: (id) => void this.#timers.delete(id),
    }).enable();
    debug.hooks = {
      taskEnded: (task) => this.#ended(task),
      forgotten: (task) =>
        this.#report(
          "forgotten-task",
          task,
          `Task "${task.name}" (spawned at ${task.spawnedAt}) was still running when the program ended, and nobody ` +
            "awaited it; await it, or spawn it into a group",
        ),
    };
  }

  disable(): void {
    this.#hook.disable();
  }

  #created(id: number, type: string): void {
    if (type !== "Timeout") return;
    const task = currentTask();
    if (task !== undefined) this.#timers.set(id, { task, site: captureSite(setTimeout) });
  }

  #left(): void {
    const started = this.#started.pop();
    if (started === undefined) return;
    const seconds = (performance.now() - started) / 1000;
    if (seconds < this.#slow) return;
    const task = currentTask();
    const who = task === undefined ? "A callback" : `Task "${task.name}" (spawned at ${task.spawnedAt})`;
    this.#report(
      "slow-callback",
      task,
      `${who} held the event loop for ${(seconds * 1000).toFixed(0)} ms without awaiting; move the work to a ` +
        "thread (toThread), or let others run in between (checkpoint)",
    );
  }

  /** Node says late that a timer is gone, so the look at what is left comes two turns later. */
  #ended(task: DebugTask): void {
    const look = (): void => {
      for (const [id, timer] of this.#timers) {
        if (timer.task !== task) continue;
        this.#timers.delete(id);
        // The one timer behind all sleeps and deadlines belongs to whichever task set it first.
        if (isAlarms(timer.site.stack)) continue;
        const place = siteText(timer.site);
        // Node's own modules keep timers of their own, such as those of idle sockets.
        if (place.startsWith("node:")) continue;
        this.#report(
          "leaked-timer",
          task,
          `Task "${task.name}" ended and left a timer running, set at ${place}`,
        );
      }
    };
    setImmediate(() => setImmediate(() => setImmediate(look)));
  }

  #report(kind: DebugFinding["kind"], task: DebugTask | undefined, message: string): void {
    this.#onFinding({ kind, message, task: task?.name });
  }
}

function isAlarms(stack: string | undefined): boolean {
  return stack?.split("\n").some((line) => line.includes(" Alarms.set ") && line.includes(OWN)) === true;
}

const OWN = new URL("..", import.meta.url).pathname;

/** Python's own default. */
const SLOW = 0.1;

function warnOf(finding: DebugFinding): void {
  process.emitWarning(finding.message, "SpoolDebugWarning");
}

if (process.env["SPOOL_ASYNCIO_DEBUG"] === "1") setDebug(true);
