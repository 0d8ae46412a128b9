/** A parameter or result object of the Chrome DevTools Protocol. */
export type Json = Record<string, unknown>;

/**
 * One inspected thread, spoken to in the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/v8).
 * Works while the thread runs JavaScript, however busy; not while it is inside a native call.
 */
export interface CdpSession {
  /** Sends one command and resolves to its result. Rejects with ProfilerError when it fails or the target goes. */
  send<R = Json>(method: string, params?: Json): Promise<R>;
  /** Listens for an event such as `Profiler.consoleProfileFinished`; call the result to stop. */
  on<P = Json>(event: string, listener: (params: P) => void): () => void;
}

/** A worker thread of the target. */
export interface WorkerSession extends CdpSession {
  /** Node's `threadId`. */
  readonly thread: number;
  readonly name: string;
  /** Resolves when the worker has ended or the session is closed. */
  readonly ended: Promise<void>;
  /** As {@link InspectorSession.atDetach}, for this thread. */
  atDetach(commands: readonly { method: string; params?: Json }[]): void;
}

/** A target process: its main thread, its workers, and the duty to leave it as it was. */
export interface InspectorSession extends CdpSession {
  readonly pid: number;
  /** `v24.11.0` */
  readonly nodeVersion: string;
  /** What the process runs, for reports. */
  readonly title: string;
  /** What was done to the target, in order, one line each. */
  readonly notes: readonly string[];
  /** Attaches to every worker thread, now and later; ours is not among them. */
  workers(listener: (worker: WorkerSession) => void): Promise<void>;
  /**
   * Commands for the main thread that undo what the caller changed there; run on detach, or when we disappear. They
   * take the place of those given before.
   */
  atDetach(commands: readonly { method: string; params?: Json }[]): void;
  /**
   * Runs `task` when the target is about to exit, by itself or by `process.exit`, and holds it until the task is done,
   * two seconds at most. The result takes the task back.
   */
  atExit(task: () => Promise<unknown>): () => void;
  /** Resolves when the target has exited or the session is closed; never rejects. */
  readonly ended: Promise<"closed" | "exited">;
  /** Undoes everything and lets go; the target runs on. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
