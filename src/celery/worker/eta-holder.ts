import { clock } from "../../core/index.ts";
import type { Request } from "./request.ts";

/** Requests whose time has not come. Each holds its message unacknowledged, so that none is lost with the worker. */
export class EtaHolder {
  readonly #held = new Map<Request, () => void>();
  readonly #release: (request: Request) => void;

  constructor(release: (request: Request) => void) {
    this.#release = release;
  }

  get size(): number {
    return this.#held.size;
  }

  hold(request: Request, until: number): void {
    request.state = "held";
    const cancel = clock().after((until - Date.now()) / 1000, () => {
      this.#held.delete(request);
      this.#release(request);
    });
    this.#held.set(request, cancel);
  }

  /** Takes a request out before its time. */
  drop(request: Request): boolean {
    const cancel = this.#held.get(request);
    cancel?.();
    return this.#held.delete(request);
  }

  requests(): Request[] {
    return [...this.#held.keys()];
  }

  close(): void {
    for (const cancel of this.#held.values()) cancel();
    this.#held.clear();
  }
}
