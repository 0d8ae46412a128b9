import {
  heldUntil,
  holding,
  type Holding,
  holdingSync,
  notInTime,
  requireFunction,
  type WaitOptions,
} from "../core/index.ts";
import type { BarrierOptions, Held } from "../sync/index.ts";
import { isMade, type Made, Served } from "./served-object.ts";

/** What is acquired and released: locks and semaphores. */
abstract class ServedHolding extends Served {
  acquire(options: WaitOptions = {}): Promise<boolean> {
    return this.reach.wait("acquire", [], options);
  }
  acquireSync(options: WaitOptions = {}): boolean {
    return this.reach.block("acquire", [], options);
  }
  tryAcquire(): boolean {
    return this.reach.now("tryAcquire");
  }
  release(...count: number[]): void {
    this.reach.now("release", ...count);
  }
  locked(): boolean {
    return this.reach.now("locked");
  }

  with<R>(fn: (held: Holding) => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    return holding(this, fn, options);
  }
  withSync<R>(fn: (held: Holding) => R, options: WaitOptions = {}): R {
    return holdingSync(this, fn, options);
  }
  abstract hold(options?: WaitOptions): Promise<Holding>;
  abstract holdSync(options?: WaitOptions): Holding;
}

export class ServedLock extends ServedHolding {
  static override readonly type: string = "Lock";

  constructor(made?: Made, type: string = ServedLock.type) {
    super(made ?? { type, args: [] });
  }
  get abandoned(): unknown {
    return this.reach.read("abandoned");
  }
  statistics(): unknown {
    return this.reach.now("statistics");
  }
  /** Its number in the service. */
  get number(): number {
    return this.reach.id;
  }
  async hold(options: WaitOptions = {}): Promise<Holding> {
    return this.#held(await this.acquire(options), options);
  }
  holdSync(options: WaitOptions = {}): Holding {
    return this.#held(this.acquireSync(options), options);
  }

  #held(acquired: boolean, options: WaitOptions): Holding {
    if (!acquired) throw notInTime("The lock could not be acquired", options);
    return { abandoned: this.abandoned, ...heldUntil(() => this.release()) } as Held;
  }
}

export class ServedRLock extends ServedLock {
  static override readonly type: string = "RLock";

  constructor(made?: Made) {
    super(made, ServedRLock.type);
  }
  get depth(): number {
    return this.reach.read("depth");
  }
}

export class ServedSemaphore extends ServedHolding {
  static override readonly type: string = "Semaphore";

  constructor(value: number | Made = 1, type: string = ServedSemaphore.type) {
    super(isMade(value) ? value : { type, args: [value] });
  }
  async hold(options: WaitOptions = {}): Promise<Holding> {
    return this.#held(await this.reach.wait("take", [], options), options);
  }
  holdSync(options: WaitOptions = {}): Holding {
    return this.#held(this.reach.block("take", [], options), options);
  }
  getValue(): number {
    return this.reach.now("getValue");
  }

  #held(place: number | null, options: WaitOptions): Holding {
    if (place === null) throw notInTime("No permit was free", options);
    return heldUntil(() => this.reach.now("giveBack", place));
  }
}

export class ServedBoundedSemaphore extends ServedSemaphore {
  static override readonly type: string = "BoundedSemaphore";

  constructor(value: number | Made = 1) {
    super(value, ServedBoundedSemaphore.type);
  }
}

export class ServedEvent extends Served {
  static override readonly type: string = "Event";

  constructor(made?: Made) {
    super(made ?? { type: ServedEvent.type, args: [] });
  }
  isSet(): boolean {
    return this.reach.now("isSet");
  }
  set(): void {
    this.reach.now("set");
  }
  clear(): void {
    this.reach.now("clear");
  }
  wait(options: WaitOptions = {}): Promise<boolean> {
    return this.reach.wait("wait", [], options);
  }
  waitSync(options: WaitOptions = {}): boolean {
    return this.reach.block("wait", [], options);
  }
}

export class ServedCondition extends Served {
  static override readonly type: string = "Condition";
  readonly lock: ServedLock;

  constructor(lock: ServedLock | Made = new ServedRLock()) {
    super(isMade(lock) ? lock : { type: ServedCondition.type, args: [lock.number] });
    this.lock = isMade(lock) ? lock.extra : lock;
  }
  acquire(options: WaitOptions = {}): Promise<boolean> {
    return this.lock.acquire(options);
  }
  acquireSync(options: WaitOptions = {}): boolean {
    return this.lock.acquireSync(options);
  }
  release(): void {
    this.lock.release();
  }
  with<R>(fn: () => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    return this.lock.with(fn, options);
  }
  withSync<R>(fn: () => R, options: WaitOptions = {}): R {
    return this.lock.withSync(fn, options);
  }
  wait(options: WaitOptions = {}): Promise<boolean> {
    return this.reach.wait("wait", [], options);
  }
  waitSync(options: WaitOptions = {}): boolean {
    return this.reach.block("wait", [], options);
  }
  async waitFor<R>(predicate: () => R, options: WaitOptions = {}): Promise<R> {
    requireFunction("predicate", predicate);
    const left = countdown(options);
    for (;;) {
      const value = predicate();
      if (value || !(await this.wait(left()))) return value || predicate();
    }
  }
  waitForSync<R>(predicate: () => R, options: WaitOptions = {}): R {
    requireFunction("predicate", predicate);
    const left = countdown(options);
    for (;;) {
      const value = predicate();
      if (value || !this.waitSync(left())) return value || predicate();
    }
  }
  notify(count: number = 1): void {
    this.reach.now("notify", count);
  }
  notifyAll(): void {
    this.reach.now("notifyAll");
  }
  protected override get extra(): ServedLock {
    return this.lock;
  }
}

/** The options with what is left of their time. */
function countdown({ timeout, ...options }: WaitOptions): () => WaitOptions {
  if (timeout === undefined) return () => options;
  const deadline = performance.now() / 1000 + timeout;
  return () => ({ ...options, timeout: Math.max(0, deadline - performance.now() / 1000) });
}

export class ServedBarrier extends Served {
  static override readonly type: string = "Barrier";

  readonly #action: (() => void) | undefined;

  constructor(parties: number | Made, { action, ...options }: BarrierOptions = {}) {
    if (action !== undefined) requireFunction("options.action", action);
    super(isMade(parties) ? parties : { type: ServedBarrier.type, args: [parties, options] });
    this.#action = isMade(parties) ? parties.extra : action;
  }
  get parties(): number {
    return this.reach.read("parties");
  }
  get waiting(): number {
    return this.reach.read("waiting");
  }
  get broken(): boolean {
    return this.reach.read("broken");
  }
  async wait(options: WaitOptions = {}): Promise<number> {
    return this.#pass(await this.reach.wait("arrive", [this.#action !== undefined], options));
  }
  waitSync(options: WaitOptions = {}): number {
    return this.#pass(this.reach.block("arrive", [this.#action !== undefined], options));
  }
  reset(): void {
    this.reach.now("reset");
  }
  abort(): void {
    this.reach.now("abort");
  }
  protected override get extra(): unknown {
    return this.#action;
  }

  /** The last party acts here, where its function is; the others wait on meanwhile. */
  #pass([index, round]: readonly [number, number | null]): number {
    if (round === null) return index;
    try {
      this.#action!();
    } catch (error) {
      this.abort();
      throw error;
    }
    this.reach.now("complete", round);
    return index;
  }
}
