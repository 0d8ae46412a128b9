import { fork } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type PoolKind, type Runner, general, program } from "./runner.ts";

/** The other end of a channel, in a thread or a process. */
interface End {
  post(message: unknown): void;
  close(): Promise<unknown>;
}
type Start = (receive: (message: Answer) => void) => End;
type Answer = [number, unknown] | [number[], unknown[]];

const thread: Start = (receive) => {
  const worker = new Worker(program("bare-thread.mjs"), { execArgv: [] });
  worker.on("message", receive);
  return { post: (message) => worker.postMessage(message), close: () => worker.terminate() };
};

const child: Start = (receive) => {
  const process = fork(program("bare-process.mjs"), { execArgv: [], serialization: "advanced" });
  process.on("message", (message) => receive(message as Answer));
  return {
    post: (message) => process.send(message as object),
    close: () => {
      process.kill();
      return once(process, "exit");
    },
  };
};

/**
 * What a channel gives with nothing around it: no errors, no cancellation, no fairness. Either one message a task, or
 * all submits of one microtask in one message; the workers take turns.
 */
class Bare {
  readonly #ends: readonly End[];
  readonly #resolvers: ((value: unknown) => void)[] = [];
  readonly #free: number[] = [];
  readonly #most: number;
  #turn = 0;
  #ids: number[] = [];
  #inputs: unknown[] = [];

  /** `most` tasks in a message. */
  constructor(start: Start, workers: number, most: number) {
    this.#most = most;
    this.#ends = Array.from({ length: workers }, () => start((answer) => this.#receive(answer)));
  }

  run(input: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      const id = this.#free.pop() ?? this.#resolvers.length;
      this.#resolvers[id] = resolve;
      if (this.#most === 1) return this.#next().post([id, input]);
      if (this.#ids.length === 0) queueMicrotask(() => this.#flush());
      this.#ids.push(id);
      this.#inputs.push(input);
      if (this.#ids.length === this.#most) this.#flush();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end.close()));
  }

  #next(): End {
    this.#turn = (this.#turn + 1) % this.#ends.length;
    return this.#ends[this.#turn]!;
  }

  #flush(): void {
    if (this.#ids.length === 0) return;
    const message = [this.#ids, this.#inputs];
    this.#ids = [];
    this.#inputs = [];
    this.#next().post(message);
  }

  #receive([ids, values]: Answer): void {
    if (typeof ids === "number") return this.#settle(ids, values);
    for (let i = 0; i < ids.length; i++) this.#settle(ids[i]!, (values as unknown[])[i]);
  }

  #settle(id: number, value: unknown): void {
    this.#free.push(id);
    this.#resolvers[id]!(value);
  }
}

function bare(name: string, workers: PoolKind["workers"], start: Start, most: number): PoolKind {
  return {
    name,
    workers,
    setting: "default",
    load: async () => (size) => open(start, size, most),
  };
}

function open(start: Start, workers: number, most: number): Runner {
  const pool = new Bare(start, workers, most);
  return general(
    (input) => pool.run(input),
    () => pool.close(),
  );
}

export const BARE = {
  threads: bare("bare postMessage", "threads", thread, 1),
  processes: bare("bare IPC", "processes", child, 1),
};
export const BARE_COALESCED = {
  threads: bare("bare postMessage, coalesced", "threads", thread, Infinity),
  processes: bare("bare IPC, coalesced", "processes", child, Infinity),
};
/**
 * With a thousand tasks in flight one message for all leaves one of two workers idle. Half of them in each is the
 * most that these channels can do: a bound, found by trying 64, 128, 250, 500 and 1,000.
 */
export const BARE_SPLIT = {
  threads: bare("bare postMessage, coalesced, at most 500", "threads", thread, 500),
  processes: bare("bare IPC, coalesced, at most 500", "processes", child, 500),
};
