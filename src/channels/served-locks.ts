import { requireFunction, TimeoutError, UnsupportedError, type WaitOptions } from "../core/index.ts";
import type { BarrierOptions } from "../sync/index.ts";
import { isMade, type Made, Served } from "./served-object.ts";

type Held = Disposable & AsyncDisposable;

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

  async with<R>(fn: (held: Held) => R | PromiseLike<R>, options: WaitOptions = {}): Promise<R> {
    requireFunction("fn", fn);
    const held = await this.hold(options);
    try {
      return await fn(held);
    } finally {
      held[Symbol.dispose]();
    }
  }

  withSync<R>(fn: (held: Held) => R, options: WaitOptions = {}): R {
    requireFunction("fn", fn);
    const held = this.holdSync(options);
    try {
      return fn(held);
    } finally {
      held[Symbol.dispose]();
    }
  }

  async hold(options: WaitOptions = {}): Promise<Held> {
    if (!(await this.acquire(options))) throw late(options);
    return this.held();
  }

  holdSync(options: WaitOptions = {}): Held {
    if (!this.acquireSync(options)) throw late(options);
    return this.held();
  }

  protected held(): Held {
    const release = (): void => this.release();
    return { [Symbol.dispose]: release, [Symbol.asyncDispose]: async () => release() };
  }
}

function late({ timeout }: WaitOptions): TimeoutError {
  return new TimeoutError(`It could not be acquired within ${timeout} s`);
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
  protected override held(): Held {
    return { abandoned: this.abandoned, ...super.held() } as Held;
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
  getValue(): number {
    return this.reach.now("getValue");
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

  constructor(parties: number | Made, { action, ...options }: BarrierOptions = {}) {
    if (action !== undefined)
      throw new UnsupportedError(
        "A barrier's action needs shared memory (npm install koffi); here, have the one that `wait` gives 0 act",
      );
    super(isMade(parties) ? parties : { type: ServedBarrier.type, args: [parties, options] });
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
  wait(options: WaitOptions = {}): Promise<number> {
    return this.reach.wait("wait", [], options);
  }
  waitSync(options: WaitOptions = {}): number {
    return this.reach.block("wait", [], options);
  }
  reset(): void {
    this.reach.now("reset");
  }
  abort(): void {
    this.reach.now("abort");
  }
}
