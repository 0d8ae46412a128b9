import { Fifo, clock, invalid } from "../../core/index.ts";
import type { Request } from "./request.ts";

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** Tasks per second of `"10/s"`, `"100/m"`, `"5/h"`, a number (per second), or 0 and null for no limit. */
function parseRate(rate: string | number | null | undefined): number {
  if (rate === null || rate === undefined || rate === 0 || rate === "0" || rate === "") return Infinity;
  const found = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*([smh]))?\s*$/.exec(String(rate));
  if (found === null) throw invalid("rateLimit", rate, 'a rate such as "10/s", "100/m" or "5/h"');
  return Number(found[1]) / SECONDS[found[2] ?? "s"]!;
}

/** One token bucket for each task that has a rate limit; what comes too soon waits here. */
export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();
  readonly #release: (request: Request) => void;

  constructor(release: (request: Request) => void) {
    this.#release = release;
  }

  set(task: string, rate: string | number | null): void {
    this.#buckets.get(task)?.close();
    const bucket = new Bucket(parseRate(rate), this.#release);
    const before = this.#buckets.get(task);
    this.#buckets.set(task, bucket);
    for (const request of before?.waiting() ?? []) bucket.admit(request);
  }

  /** False: the request waits here and will be released when its turn comes. */
  admit(request: Request, fallback: string | number | null): boolean {
    let bucket = this.#buckets.get(request.name);
    if (bucket === undefined) {
      const rate = request.definition.options.rateLimit ?? fallback;
      if (rate === null) return true;
      this.#buckets.set(request.name, (bucket = new Bucket(parseRate(rate), this.#release)));
    }
    return bucket.admit(request, true);
  }

  close(): void {
    for (const bucket of this.#buckets.values()) bucket.close();
  }

  /** Takes a request out before its turn. */
  drop(request: Request): void {
    this.#buckets.get(request.name)?.drop(request);
  }

  requests(): Request[] {
    return [...this.#buckets.values()].flatMap((bucket) => bucket.waiting());
  }
}

class Bucket {
  readonly #perSecond: number;
  readonly #release: (request: Request) => void;
  readonly #waiting = new Fifo<Request>();
  #nextFree = 0;
  #cancel: (() => void) | undefined;

  constructor(perSecond: number, release: (request: Request) => void) {
    this.#perSecond = perSecond;
    this.#release = release;
  }

  drop(request: Request): void {
    this.#waiting.remove(request);
  }

  waiting(): Request[] {
    return [...this.#waiting];
  }

  /** True: may go at once (only answered when `immediate`; otherwise it is released by call). */
  admit(request: Request, immediate = false): boolean {
    const now = clock().now();
    if (this.#perSecond === Infinity || (this.#waiting.size === 0 && now >= this.#nextFree)) {
      this.#nextFree = now + 1 / this.#perSecond;
      if (!immediate) this.#release(request);
      return true;
    }
    request.state = "held";
    this.#waiting.push(request);
    this.#arm();
    return false;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    this.#cancel ??= clock().after(Math.max(0, this.#nextFree - clock().now()), () => {
      this.#cancel = undefined;
      const request = this.#waiting.shift();
      this.#nextFree = clock().now() + 1 / this.#perSecond;
      if (request !== undefined) this.#release(request);
      if (this.#waiting.size > 0) this.#arm();
    });
  }
}
