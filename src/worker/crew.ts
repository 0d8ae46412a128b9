import { clock } from "../core/index.ts";
import { AHEAD_SECONDS, type Binding } from "./binding.ts";
import type { PoolSettings } from "./options.ts";
import type { Peer, SpawnPeer } from "./peer.ts";
import type { WorkerSetup } from "./protocol.ts";
import { Seat, type SeatHandlers } from "./seat.ts";
import type { Task } from "./task.ts";

/** Workers that die before they are ready, this many in a row, mean that no worker can be had. */
const START_FAILURES = 3;
/** Seconds that a worker has to end by itself when it is closed. */
const CLOSE_GRACE = 1;
/** An interval that never matters: while referenced it keeps the program alive. */
const LONG_MS = 2 ** 30;

/** The workers of a pool: how many there are, which one is to have the next task, when they come and go. */
export class Crew {
  readonly #settings: PoolSettings;
  readonly #setup: Omit<WorkerSetup, "name">;
  readonly #spawn: SpawnPeer;
  readonly #handlers: SeatHandlers;
  readonly #seats = new Set<Seat>();
  readonly #pinned = new Map<Seat, Task[]>();
  readonly #dirty: Seat[] = [];
  #ready: Seat[] = [];
  #named = 0;
  #startFailures = 0;
  #keepAlive: NodeJS.Timeout | undefined;
  #held = 0;
  #stopSweep: (() => void) | undefined;
  #gone: PromiseWithResolvers<void> | undefined;

  constructor(
    settings: PoolSettings,
    setup: Omit<WorkerSetup, "name">,
    spawn: SpawnPeer,
    handlers: SeatHandlers,
  ) {
    this.#settings = settings;
    this.#setup = setup;
    this.#spawn = spawn;
    this.#handlers = { ...handlers, ready: (seat) => this.#arrived(seat, handlers.ready) };
  }

  get size(): number {
    return this.#seats.size;
  }

  get idle(): number {
    return this.#ready.filter((seat) => seat.count === 0).length;
  }

  get running(): number {
    let running = 0;
    for (const seat of this.#seats) running += seat.count;
    return running;
  }

  /** Whether workers keep dying before they are ready. */
  get hopeless(): boolean {
    return this.#startFailures >= START_FAILURES;
  }

  peers(): Peer[] {
    return [...this.#seats].map((seat) => seat.peer);
  }

  tasks(): Task[] {
    return [...this.#seats].flatMap((seat) => [...seat.tasks(), ...(this.#pinned.get(seat) ?? [])]);
  }

  /**
   * The worker that is to have a task, if one may: the first one that is at work and would have less than `together`
   * seconds of it, else the one with the least to do: a free one, or one that has less than `most` seconds of work and
   * would not have too much with the task. A worker that cannot be relieved of what it has not begun gets nothing that
   * may wait for long.
   */
  choose({ estimate, most, together, asynchronous }: Binding): Seat | undefined {
    const { concurrency } = this.#settings;
    let best: Seat | undefined;
    for (const seat of this.#ready) {
      if (seat.stalled) continue;
      const canBeRelieved = seat.peer.starts !== undefined;
      if (seat.count >= concurrency) {
        if (seat.load > most || seat.load + estimate > AHEAD_SECONDS) continue;
        if (asynchronous && !canBeRelieved) continue;
      }
      if (canBeRelieved && seat.count > 0 && seat.load + estimate < together) return seat;
      if (best === undefined || seat.load < best.load || (seat.load === best.load && seat.count < best.count))
        best = seat;
    }
    return best;
  }

  bind(seat: Seat, task: Task, estimate: number): void {
    seat.bind(task, estimate);
    if (!seat.dirty) {
      seat.dirty = true;
      this.#dirty.push(seat);
    }
    if (seat.bound >= this.#settings.maxTasksPerChild) this.#retire(seat);
  }

  release(seat: Seat, task: Task): void {
    seat.release(task);
    if (seat.count > 0) return;
    if (seat.state === "retiring") this.#dismiss(seat);
    else if (this.#settings.idleTimeout !== Infinity) this.#sweepLater(seat);
  }

  /** Whether tasks wait in a worker, where another worker cannot take them. */
  get ahead(): boolean {
    return this.#ready.some((seat) => seat.count > this.#settings.concurrency);
  }

  /** Takes tasks back from workers that are stuck, if another one has nothing to do. */
  recall(): Task[] {
    const { concurrency, maxWorkers } = this.#settings;
    const hungry = this.#seats.size < maxWorkers || this.#ready.some((seat) => seat.count < concurrency);
    return hungry ? this.#ready.flatMap((seat) => seat.recallIfStuck()) : [];
  }

  flush(): void {
    for (const seat of this.#dirty) {
      seat.dirty = false;
      seat.peer.channel.flush();
    }
    this.#dirty.length = 0;
  }

  /** Starts workers for `waiting` tasks that no present or starting worker will take; `first` is the first of them. */
  grow(waiting: number, first?: Task): void {
    let starting = 0;
    let present = 0;
    for (const seat of this.#seats) {
      if (seat.state !== "closed") present++;
      if (seat.state !== "starting") continue;
      starting++;
      if (first !== undefined) seat.prepare(first.shipment);
    }
    const wanted = Math.min(this.#settings.maxWorkers - present, waiting - starting);
    for (let i = 0; i < wanted; i++) this.#hire();
  }

  /** All workers, starting those that are missing. */
  all(count: number): Seat[] {
    const seats = [...this.#seats].filter((seat) => seat.state === "starting" || seat.state === "ready");
    while (seats.length < count) seats.push(this.#hire());
    return seats;
  }

  pin(seat: Seat, task: Task): void {
    this.#pinned.set(seat, [...(this.#pinned.get(seat) ?? []), task]);
  }

  takePinned(seat: Seat): Task[] {
    const tasks = this.#pinned.get(seat) ?? [];
    this.#pinned.delete(seat);
    return tasks;
  }

  /** A worker has ended. */
  remove(seat: Seat): void {
    if (seat.state === "starting" && seat.stoppedFor === undefined) this.#startFailures++;
    seat.stopTimer?.();
    seat.state = "closed";
    this.#seats.delete(seat);
    this.#ready = this.#ready.filter((other) => other !== seat);
    if (this.#seats.size === 0) this.#gone?.resolve();
  }

  /** Keeps the program alive as long as there is work. */
  hold(): void {
    if (this.#held++ > 0) return;
    this.#keepAlive ??= setInterval(() => {}, LONG_MS);
    this.#keepAlive.ref();
  }

  letGo(): void {
    if (--this.#held === 0) this.#keepAlive?.unref();
  }

  /** Ends all workers, which have nothing to do any more. */
  async close(): Promise<void> {
    this.#stopSweep?.();
    this.hold();
    for (const seat of this.#seats) this.#dismiss(seat);
    if (this.#seats.size > 0) {
      this.#gone ??= Promise.withResolvers<void>();
      await this.#gone.promise;
    }
    this.letGo();
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }

  terminate(): void {
    for (const seat of this.#seats) {
      seat.stoppedFor ??= "(all)";
      seat.peer.terminate();
    }
  }

  #hire(): Seat {
    const { name, resourceLimits, execArgv, env } = this.#settings;
    const workerName = `${name}_${this.#named++}`;
    const options = { name: workerName, resourceLimits, execArgv, env };
    const seat = new Seat(this.#spawn, options, { name: workerName, ...this.#setup }, this.#handlers);
    this.#seats.add(seat);
    return seat;
  }

  #arrived(seat: Seat, ready: (seat: Seat) => void): void {
    if (seat.state !== "starting") return;
    seat.state = "ready";
    this.#startFailures = 0;
    this.#ready.push(seat);
    ready(seat);
  }

  #retire(seat: Seat): void {
    seat.state = "retiring";
    this.#ready = this.#ready.filter((other) => other !== seat);
  }

  #dismiss(seat: Seat): void {
    if (seat.state === "closed") return;
    const wasStarting = seat.state === "starting";
    seat.state = "closed";
    this.#ready = this.#ready.filter((other) => other !== seat);
    if (wasStarting) return seat.peer.terminate();
    seat.close();
    seat.stopTimer = clock().after(CLOSE_GRACE, () => seat.peer.terminate(), { unref: true });
  }

  #sweepLater(seat: Seat): void {
    const { idleTimeout } = this.#settings;
    seat.idleSince = clock().now();
    this.#stopSweep ??= clock().after(idleTimeout, () => this.#sweep(), { unref: true });
  }

  #sweep(): void {
    this.#stopSweep = undefined;
    const now = clock().now();
    const { idleTimeout } = this.#settings;
    for (const seat of this.#ready) {
      if (seat.count > 0) continue;
      if (now - seat.idleSince >= idleTimeout) this.#dismiss(seat);
      else this.#stopSweep ??= clock().after(idleTimeout, () => this.#sweep(), { unref: true });
    }
  }
}
