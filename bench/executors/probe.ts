import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { program } from "../pools/runner.ts";

/** A pool in a program of its own; see programs/probe.ts. */
export class Probe {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  constructor(what: "cold" | "queued" | "idle", pool: string) {
    this.#child = fork(program("probe.ts"), [what, pool], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#exit = once(this.#child, "exit");
  }

  /** The next thing it says; a program that ends without a word is an error. */
  async answer<T>(): Promise<T> {
    const ended = this.#exit.then(() => {
      throw new Error("the probe ended without an answer");
    });
    const [message] = (await Promise.race([once(this.#child, "message"), ended])) as [T];
    return message;
  }

  go(): void {
    this.#child.send("go");
  }

  async ended(): Promise<void> {
    await this.#exit;
  }
}

/** One figure from one program. */
export async function probe(what: "cold" | "queued", pool: string): Promise<number> {
  const it = new Probe(what, pool);
  const figure = await it.answer<number>();
  await it.ended();
  return figure;
}
