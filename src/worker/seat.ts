import type { Shipment, WireError } from "../closures/index.ts";
import { type Peer, type PeerExit, type PeerOptions, type SpawnPeer } from "./peer.ts";
import { heirlooms } from "./heirlooms.ts";
import { Op, type RunExtras, type WorkerSetup, type WorkerStart } from "./protocol.ts";
import { hasBegun, revoke, startedSoFar } from "./start-count.ts";
import type { Task, TaskSeat } from "./task.ts";

export interface SeatHandlers {
  readonly ready: (seat: Seat) => void;
  readonly initFailed: (seat: Seat, error: WireError) => void;
  /** RESULT, FAILED, CHUNK, STREAM, ITEM, END of a task. */
  readonly answer: (seat: Seat, task: Task, op: number, a: unknown, b: unknown) => void;
  readonly started: (task: Task) => void;
  /** A worker that had been stalled can be given tasks again. */
  readonly resumed: () => void;
  readonly timing: (key: number, seconds: number, asynchronous: boolean) => void;
  readonly unsendable: (seat: Seat, task: Task, error: unknown) => void;
  readonly exit: (seat: Seat, exit: PeerExit) => void;
}

/** Starts are counted modulo 2^30. */
const SEQUENCE_MASK = (1 << 30) - 1;
/** Functions that a worker keeps ready; the least recently defined goes first. */
const KEPT_FUNCTIONS = 256;

/**
 * A worker as the dispatcher sees it, and what has been bound to it.
 *
 *   starting --ready--> ready --retire--> retiring --(nothing left)--> closed
 *       \------------------\----------------\-------exit-------------^
 */
export class Seat implements TaskSeat {
  state: "starting" | "ready" | "retiring" | "closed" = "starting";
  readonly peer: Peer;
  /** Expected seconds of what is bound to it. */
  load = 0;
  /** Tasks bound to it and not yet answered. */
  count = 0;
  /** Tasks bound to it since its start. */
  bound = 0;
  idleSince = 0;
  dirty = false;
  stoppedFor: string | undefined = undefined;
  /** Calls off the end by force that follows when it does not close by itself. */
  stopTimer: (() => void) | undefined = undefined;
  /** It has been stuck in a task; it gets nothing more until it has taken note that its queue was taken back. */
  stalled = false;
  #lastBegun = -1;
  readonly #handlers: SeatHandlers;
  readonly #slots: (Task | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #known = new Set<number>();
  /** One that is known, for certain. */
  #lastKey = -1;

  constructor(spawn: SpawnPeer, options: PeerOptions, setup: WorkerSetup, handlers: SeatHandlers) {
    this.#handlers = handlers;
    this.peer = spawn(options, {
      receive: (op, id, a, b) => this.#receive(op, id, a, b),
      unsendable: (op, id, error) => this.#unsendable(op, id, error),
      exit: (exit) => handlers.exit(this, exit),
    });
    // It lies there when the worker begins to listen.
    this.peer.channel.post(Op.INIT, 0, { ...setup, heirlooms: heirlooms() } satisfies WorkerStart);
    this.peer.channel.flush();
  }

  get name(): string {
    return this.peer.name;
  }

  /** Tasks not yet answered, in the order in which they were bound. */
  tasks(): Task[] {
    return this.#slots
      .filter((task): task is Task => task !== undefined)
      .sort((a, b) => a.sequence - b.sequence);
  }

  /** Sends a task; it leaves with the next flush. */
  bind(task: Task, estimate: number): void {
    task.seat = this;
    task.estimate = estimate;
    task.sequence = this.bound++ & SEQUENCE_MASK;
    task.attempts++;
    task.started = false;
    this.load += estimate;
    this.count++;
    task.id = this.#free.pop() ?? this.#slots.length;
    this.#slots[task.id] = task;
    this.#define(task.shipment);
    this.#run(task);
  }

  /** Sends a function to a worker that is still starting: it loads it while it waits for its first task. */
  prepare(shipment: Shipment): void {
    this.#define(shipment);
    this.peer.channel.flush();
  }

  /** Frees the task's slot. */
  release(task: Task): void {
    this.#slots[task.id] = undefined;
    this.#free.push(task.id);
    this.load -= task.estimate;
    this.count--;
    if (!(this.count > 0 && this.load > 0)) this.load = 0;
    task.seat = undefined;
    task.id = -1;
  }

  tell(op: Op, task: Task, value?: unknown): void {
    this.peer.channel.post(op, task.id, value);
    this.peer.channel.flush();
  }

  /**
   * Takes back the tasks that have not begun, in order, if the worker has begun nothing since the last time this was
   * asked. Only where memory is shared; elsewhere nothing comes back.
   */
  recallIfStuck(): Task[] {
    const { starts } = this.peer;
    if (starts === undefined || this.stalled || this.state === "starting") return [];
    const begun = startedSoFar(starts);
    const stuck = begun === this.#lastBegun;
    this.#lastBegun = begun;
    if (!stuck || begun === (this.bound & SEQUENCE_MASK)) return [];
    // With nothing under way it is not stuck in a task: it loads a function, or the machine is busy elsewhere.
    if (!this.tasks().some((task) => this.hasStarted(task))) return [];
    const now = revoke(starts);
    if (now === undefined) return [];
    // A cancelled one keeps its slot: the worker's answer to the cancellation is still to come.
    const tasks = this.tasks().filter((task) => !task.done() && !hasBegun(task.sequence, now));
    for (const task of tasks) this.release(task);
    this.bound = this.#lastBegun = now;
    this.stalled = true;
    this.peer.channel.post(Op.RESUME, 0);
    this.peer.channel.flush();
    return tasks;
  }

  close(): void {
    this.peer.channel.post(Op.CLOSE, 0);
    this.peer.channel.flush();
  }

  hasStarted(task: Task): boolean {
    const { starts } = this.peer;
    return starts === undefined ? task.started : hasBegun(task.sequence, startedSoFar(starts));
  }

  runsBeside(task: Task): boolean {
    return this.#slots.some(
      (other) => other !== undefined && other !== task && !other.done() && this.hasStarted(other),
    );
  }

  #define({ key, payload }: Shipment): void {
    if (key === this.#lastKey || this.#known.has(key)) return;
    this.#lastKey = key;
    this.#known.add(key);
    this.peer.channel.post(Op.DEFINE, key, payload);
    if (this.#known.size > KEPT_FUNCTIONS) this.#forgetOldest();
  }

  /** Safe at any time: records keep their order, and a task holds on to its function. */
  #forgetOldest(): void {
    const [oldest] = this.#known;
    this.#known.delete(oldest!);
    this.peer.channel.post(Op.FORGET, oldest!);
  }

  #run(task: Task): void {
    const { options, shipment } = task;
    const { channel } = this.peer;
    if (options.timeout === undefined && !options.timing && task.context === undefined) {
      channel.post(task.op, task.id, shipment.key, task.body, options.transfer);
      return;
    }
    const extras: RunExtras = {
      mode: task.op,
      body: task.body,
      announce: options.timeout !== undefined,
      timing: options.timing === true,
      ...(task.context && { context: task.context.value }),
    };
    channel.post(Op.RUN_WITH, task.id, shipment.key, extras, options.transfer);
  }

  #receive(op: number, id: number, a: unknown, b: unknown): void {
    switch (op) {
      case Op.READY:
        this.#handlers.ready(this);
        break;
      case Op.INIT_FAILED:
        this.#handlers.initFailed(this, a as WireError);
        break;
      case Op.TIMING:
        this.#handlers.timing(id, a as number, b as boolean);
        break;
      case Op.RESUMED:
        this.stalled = false;
        this.#handlers.resumed();
        break;
      case Op.STARTED:
        this.#markStarted(id);
        break;
      default: {
        const task = this.#slots[id];
        if (task !== undefined) this.#handlers.answer(this, task, op, a, b);
      }
    }
  }

  #markStarted(id: number): void {
    const task = this.#slots[id];
    if (task === undefined) return;
    task.started = true;
    this.#handlers.started(task);
  }

  #unsendable(op: Op, id: number, error: unknown): void {
    const task = this.#slots[id];
    if (task !== undefined && op <= Op.RUN_WITH) this.#handlers.unsendable(this, task, error);
  }
}
