import { clock } from "../../core/index.ts";

/** Seconds between looks, and of too little work before the pool shrinks; Celery's own. */
const LOOK_SECONDS = 1;
const SHRINK_AFTER_SECONDS = 30;

export interface Scalable {
  readonly concurrency: number;
  /** Tasks in hand, running or ready. */
  readonly load: () => number;
  readonly resize: (by: number) => void;
}

/** Grows the pool while tasks wait, shrinks it by one while there is too little to do. */
export class Autoscaler {
  max: number;
  min: number;
  readonly #target: Scalable;
  #cancel: (() => void) | undefined;
  #lastBusy = 0;

  constructor(target: Scalable, max: number, min: number) {
    this.#target = target;
    this.max = max;
    this.min = min;
  }

  start(): void {
    this.#cancel = clock().after(
      LOOK_SECONDS,
      () => {
        this.#look();
        this.start();
      },
      { unref: true },
    );
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const { concurrency } = this.#target;
    const wanted = Math.min(this.max, Math.max(this.min, this.#target.load()));
    const now = clock().now();
    if (wanted >= concurrency) this.#lastBusy = now;
    if (wanted > concurrency) this.#target.resize(wanted - concurrency);
    else if (wanted < concurrency && now - this.#lastBusy > SHRINK_AFTER_SECONDS) this.#target.resize(-1);
  }
}
