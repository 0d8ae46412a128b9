import { Worker } from "node:worker_threads";
import { StateError, requireFunction, requireSeconds } from "../core/index.ts";
import { MONITOR_SOURCE, type MonitorMessage } from "./monitor-source.ts";

export interface MonitorOptions {
  /** Seconds that the event loop may be late before its stack is read; default 0.1. */
  readonly threshold?: number | undefined;
  /** Takes each report, once the loop turns again; default: a process warning. */
  readonly onBlocked?: ((report: BlockedReport) => void) | undefined;
  /** Also writes a line to stderr while the loop is still blocked (default false). */
  readonly live?: boolean | undefined;
}

export interface BlockedReport {
  /** Seconds that the loop had been blocked when the stack was read, at least. */
  readonly seconds: number;
  /** Innermost first; Node's own frames are left out. */
  readonly stack: readonly BlockedFrame[];
}

export interface BlockedFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Watches the event loop from a thread of its own: when the loop is late, the thread stops it through the inspector
 * for a moment, reads the JavaScript stack, and lets it go on. Endless loops, big JSON and catastrophic regular
 * expressions are named while they run; a native synchronous call is named when it returns, by the line that called
 * it. Costs one timer and an idle thread. Python: gevent's `GEVENT_MONITOR_THREAD_ENABLE`.
 */
export class BlockingMonitor implements AsyncDisposable {
  readonly #threshold: number;
  readonly #onBlocked: (report: BlockedReport) => void;
  readonly #live: boolean;
  #worker: Worker | undefined = undefined;
  #beat: NodeJS.Timeout | undefined = undefined;
  #shared: Int32Array | undefined = undefined;

  constructor(options: MonitorOptions = {}) {
    this.#threshold = requireSeconds("threshold", options.threshold ?? THRESHOLD);
    this.#onBlocked = options.onBlocked ?? warnOf;
    this.#live = options.live ?? false;
    requireFunction("onBlocked", this.#onBlocked);
  }

  /** Starts the thread; resolves when it watches. */
  async start(): Promise<void> {
    if (this.#worker !== undefined) return;
    const shared = new Int32Array(new SharedArrayBuffer(8));
    this.#shared = shared;
    const worker = new Worker(MONITOR_SOURCE, {
      eval: true,
      name: "spool-blocking-monitor",
      execArgv: [],
      workerData: { shared, thresholdMs: this.#threshold * 1000, live: this.#live, own: OWN },
    });
    this.#worker = worker;
    this.#beat = setInterval(() => Atomics.add(shared, BEATS, 1), Math.max(1, (this.#threshold * 1000) / 4));
    this.#beat.unref();
    await new Promise<void>((resolve, reject) => {
      worker.once("error", reject);
      worker.once("exit", () => reject(new StateError("The monitor was stopped before it watched")));
      worker.on("message", (message: MonitorMessage) => {
        if (message.type === "ready") resolve();
        else this.#onBlocked({ seconds: message.seconds, stack: message.stack });
      });
    });
    worker.unref();
  }

  /** Ends the thread. Idempotent. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    clearInterval(this.#beat);
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.ref();
    Atomics.store(this.#shared!, STOP, 1);
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** As gevent's own monitor thread. */
const THRESHOLD = 0.1;
/** The package's own frames tell nobody anything. */
const OWN = new URL("..", import.meta.url).pathname;
const BEATS = 0;
const STOP = 1;

function warnOf(report: BlockedReport): void {
  const stack = report.stack.map((f) => `${f.name} (${f.file}:${f.line}:${f.column})`).join(" < ");
  process.emitWarning(
    `The event loop was blocked for at least ${(report.seconds * 1000).toFixed(0)} ms at ${stack}`,
    "SpoolBlockedWarning",
  );
}
