import { type Payload, revive } from "../../closures/index.ts";
import { type Channel, Op, TINY_SECONDS } from "../protocol.ts";

export type AnyFunction = (...args: any[]) => unknown;

/** A shipped function in this worker, and how long it takes. */
export class Entry {
  fn: AnyFunction | undefined;
  error: { readonly error: unknown } | undefined;
  /** Settles when `fn` or `error` is set; never rejects. */
  readonly loading: Promise<void>;
  /** Upper estimate of a call's seconds; Infinity until it has run. */
  seconds: number = Infinity;
  /** It returned a promise: what it takes is not known from its calls. */
  asynchronous = false;
  #reported = Infinity;
  #slow = 0;
  readonly key: number;

  constructor(key: number, payload: Payload) {
    this.key = key;
    this.loading = this.#load(payload);
  }

  get tiny(): boolean {
    return this.seconds < TINY_SECONDS;
  }

  returnedPromise(): void {
    if (this.asynchronous) return;
    this.asynchronous = true;
    this.#reported = Infinity;
  }

  /** Takes in that `calls` calls took `seconds` together. A slow call counts at once, fast ones by and by. */
  measure(seconds: number, calls: number, channel: Channel): void {
    const each = seconds / calls;
    // Several tiny calls that took long together: one of them did, or the machine was busy elsewhere. Twice is a sign.
    this.#slow = calls > 1 && seconds >= TINY_SECONDS ? this.#slow + 1 : this.#slow * DECAY;
    this.seconds = this.#slow >= SLOW_LOOKS ? seconds : this.#decayed(each);
    if (this.#slow >= SLOW_LOOKS) this.#slow = 0;
    const ratio = this.seconds / this.#reported;
    if (ratio > 0.5 && ratio < 2) return;
    this.#reported = this.seconds;
    channel.post(Op.TIMING, this.key, this.seconds, this.asynchronous);
  }

  #decayed(each: number): number {
    return this.seconds === Infinity ? each : Math.max(each, this.seconds * DECAY);
  }

  async #load(payload: Payload): Promise<void> {
    try {
      this.fn = (await revive(payload)) as AnyFunction;
    } catch (error) {
      this.error = { error };
    }
  }
}

/** The first call of a function is slow (not yet compiled); a few more calls must make that good. */
const DECAY = 0.5;
/** Looks in a row, or nearly, that must find tiny calls slow before they count as slow. */
const SLOW_LOOKS = 1.75;
