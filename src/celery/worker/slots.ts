import { Fifo } from "../../core/index.ts";
import type { ContextPorts } from "../context.ts";
import type { WorkerContext } from "./context.ts";
import type { TaskPool } from "./pool.ts";
import type { Request } from "./request.ts";
import { mayHaveSucceeded, succeededBefore } from "./deduplicate.ts";
import { revoke, settle } from "./settle.ts";
import { storeState } from "./store.ts";

/**
 * The worker's slots: requests that are ready wait here for one, run in the pool, and are settled after. A slot is
 * free again as soon as the run has ended; the settling of many requests overlaps.
 */
export class Slots {
  concurrency: number;
  readonly ready: Fifo<Request> = new Fifo<Request>();
  readonly active: Map<string, Request> = new Map();
  readonly #settling = new Set<Promise<void>>();
  readonly #context: WorkerContext;
  readonly #pool: TaskPool;
  #open = true;
  #processed = 0;
  #changed: (() => void) | undefined;

  constructor(context: WorkerContext, pool: TaskPool, concurrency: number) {
    this.#context = context;
    this.#pool = pool;
    this.concurrency = concurrency;
  }

  get processed(): number {
    return this.#processed;
  }

  enqueue(request: Request): void {
    request.state = "ready";
    this.ready.push(request);
    this.#pump();
  }

  resize(concurrency: number): void {
    this.concurrency = Math.max(1, concurrency);
    this.#pump();
  }

  /** Settles what waits for a slot and has been revoked meanwhile. */
  dropRevoked(): void {
    const context = this.#context;
    const revoked = [...this.ready].filter(({ id, headers }) => context.revoked.has(id, headers.stamps));
    for (const request of revoked) {
      this.ready.remove(request);
      this.track(request, revoke(context, request, "revoked"));
    }
  }

  /** Starts nothing more; what waits is forgotten here, its messages go back with the consumer. */
  close(): void {
    this.#open = false;
    this.ready.clear();
  }

  stopActive(): void {
    for (const request of this.active.values()) request.stop?.("shutdown");
  }

  /** Tasks whose run has ended, but not what follows it: stored result, links, acknowledgement. */
  get unsettled(): number {
    return this.#settling.size;
  }

  /** Resolves when nothing runs. */
  async ended(): Promise<void> {
    while (this.active.size > 0) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** Resolves when nothing runs and everything is settled. */
  async idle(): Promise<void> {
    while (this.active.size > 0 || this.#settling.size > 0) {
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Waits for a request's settling. One that cannot be written goes back to the broker: rather twice than never. */
  track(request: Request, work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.#context.log("error", `Task ${request.id} could not be settled: ${String(error)}`);
        request.reject(true);
      })
      .finally(() => {
        request.state = "gone";
        this.#settling.delete(tracked);
        const { inHand } = this.#context;
        if (inHand.get(request.id) === request) inHand.delete(request.id);
        this.#changed?.();
      });
    this.#settling.add(tracked);
  }

  #pump(): void {
    while (this.#open && this.active.size < this.concurrency) {
      const request = this.ready.shift();
      if (request === undefined) return;
      this.#start(request);
    }
  }

  #start(request: Request): void {
    const context = this.#context;
    if (context.revoked.has(request.id, request.headers.stamps))
      return this.track(request, revoke(context, request, "revoked"));
    request.state = "active";
    request.timeStart = Date.now() / 1000;
    this.active.set(request.id, request);
    const { settings } = context.runtime;
    const { options } = request.definition;
    if (!(options.acksLate ?? settings.taskAcksLate)) request.acknowledge();
    if (mayHaveSucceeded(context, request)) void this.#runUnlessSucceeded(request);
    else this.#run(request);
  }

  #run(request: Request): void {
    const { runtime, events, node } = this.#context;
    events.task("task-started", () => ({ uuid: request.id }));
    const { options } = request.definition;
    if (options.trackStarted ?? runtime.settings.taskTrackStarted) this.#storeStarted(request);
    void this.#pool.run(request, node, this.#ports(request)).then((ending) => {
      this.#processed++;
      this.#leave(request, settle(this.#context, request, ending));
    });
  }

  async #runUnlessSucceeded(request: Request): Promise<void> {
    const done = await succeededBefore(this.#context, request);
    if (done === undefined) this.#run(request);
    else this.#leave(request, done());
  }

  /** The slot is free for the next; what is left to do for this one overlaps. */
  #leave(request: Request, settling: Promise<void>): void {
    request.state = "settling";
    this.active.delete(request.id);
    this.track(request, settling);
    this.#pump();
    this.#changed?.();
  }

  #storeStarted(request: Request): void {
    const result = { pid: request.workerPid ?? process.pid, hostname: this.#context.node };
    storeState(this.#context, request, { status: "STARTED", result }).catch(() => {});
  }

  #ports(request: Request): ContextPorts {
    return {
      isEager: false,
      storeState: (status, meta) => storeState(this.#context, request, { status, result: meta }),
    };
  }
}
