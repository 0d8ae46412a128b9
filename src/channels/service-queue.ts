import { ArgumentError, ShutDown, type WaitOptions } from "../core/index.ts";
import { allocate, type Point, POINT_WORDS, runAsync, type Steps, type Waiter } from "../memory/index.ts";
import { type Loan, ServiceLine } from "./service-line.ts";

/** A Queue as a service keeps it. */
export class ServiceQueue extends ServiceLine {
  readonly maxSize: number;
  #shut: "no" | "once empty" | "immediately" = "no";

  constructor(maxSize: number) {
    super();
    this.maxSize = maxSize;
  }

  empty(): boolean {
    return this.qsize() === 0;
  }

  full(): boolean {
    return this.maxSize > 0 && this.qsize() >= this.maxSize;
  }

  getNowait(): Loan | undefined {
    const loan = this.tryGet();
    if (loan === undefined) this.refuseGet();
    return loan;
  }

  shutdown({ immediate = false }: { readonly immediate?: boolean } = {}): void {
    if (this.#shut !== "immediately") this.#shut = immediate ? "immediately" : "once empty";
    this.#dropIfImmediate();
    this.stir();
  }

  override giveBack(loan: number): void {
    super.giveBack(loan);
    this.#dropIfImmediate();
  }

  protected override refusePut(): void {
    if (this.#shut !== "no") throw new ShutDown("put: the queue was shut down");
  }

  protected override refuseGet(): void {
    if (this.#shut !== "no" && this.empty()) throw new ShutDown("get: the queue was shut down and is empty");
  }

  protected override hasRoomFor(): boolean {
    return !this.full();
  }

  protected dropped(_count: number): void {}

  #dropIfImmediate(): void {
    if (this.#shut === "immediately") this.dropped(this.dropAll());
  }
}

/** A JoinableQueue as a service keeps it. */
export class ServiceJoinableQueue extends ServiceQueue {
  readonly #point: Point = allocate("thread", POINT_WORDS * 4).point(0);
  #unfinished = 0;

  /** Items put whose work is not finished. */
  get unfinished(): number {
    return this.#unfinished;
  }

  taskDone(): void {
    if (this.#unfinished === 0)
      throw new ArgumentError("taskDone: called more often than there were items in the queue");
    this.dropped(1);
  }

  join(options: WaitOptions): Promise<boolean> {
    return runAsync((waiter) => this.#join(waiter), options);
  }

  override tryPut(message: Uint8Array): boolean {
    if (!super.tryPut(message)) return false;
    this.#unfinished++;
    return true;
  }

  protected override dropped(count: number): void {
    this.#unfinished -= count;
    if (this.#unfinished === 0) this.#point.broadcast();
  }

  *#join(waiter: Waiter): Steps<boolean> {
    for (;;) {
      const seen = waiter.announce(this.#point);
      if (this.#unfinished === 0) return true;
      if (yield { point: this.#point, seen }) return this.#unfinished === 0;
    }
  }
}
