import { Worker } from "node:worker_threads";
import type { Runner } from "./pools.ts";

type Pair = [number, number];

/** The least that can be done over postMessage, with no errors, cancellation or fairness: one message a task, or one a microtask. */
export class Bare implements Runner {
  readonly name: string;
  readonly #coalesce: boolean;
  readonly #workers = [0, 1].map(
    () => new Worker(new URL("./programs/bare-worker.mjs", import.meta.url), { execArgv: [] }),
  );
  readonly #pending = new Map<number, (value: number) => void>();
  #batches: Pair[][] = [[], []];
  #id = 0;
  #scheduled = false;

  constructor(coalesce: boolean) {
    this.name = coalesce ? "bare coalesced" : "bare postMessage";
    this.#coalesce = coalesce;
    for (const worker of this.#workers) {
      worker.on("message", (message: Pair | Pair[]) => {
        if (typeof message[0] === "number") this.#done(message as Pair);
        else for (const pair of message as Pair[]) this.#done(pair);
      });
    }
  }

  tiny = (x: number): Promise<number> =>
    new Promise((resolve) => {
      const id = this.#id++;
      this.#pending.set(id, resolve);
      if (!this.#coalesce) return this.#workers[id & 1]!.postMessage([id, x]);
      this.#batches[id & 1]!.push([id, x]);
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#flush());
    });

  close = async (): Promise<void> => {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  };

  #flush(): void {
    this.#scheduled = false;
    const batches = this.#batches;
    this.#batches = [[], []];
    batches.forEach((batch, i) => {
      if (batch.length > 0) this.#workers[i]!.postMessage(batch);
    });
  }

  #done([id, value]: Pair): void {
    const resolve = this.#pending.get(id)!;
    this.#pending.delete(id);
    resolve(value);
  }
}
