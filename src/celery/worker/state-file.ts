import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { OperationalError } from "../../core/index.ts";

/** What a worker remembers beyond its own end. */
export interface WorkerState {
  /** Id to the time it was revoked, epoch milliseconds. */
  readonly revoked: Readonly<Record<string, number>>;
  /** Values of stamps whose tasks are revoked. */
  readonly stamps: Readonly<Record<string, readonly string[]>>;
}

/**
 * The file of `stateDb`: JSON, replaced as a whole, so that a kill leaves the old one or the new one. One worker each.
 * Python: `--statedb`, a shelve, which this does not read.
 */
export class StateFile {
  readonly #path: string;
  readonly #state: () => WorkerState;
  #wanted = false;
  #writing: Promise<void> | undefined;

  constructor(path: string, state: () => WorkerState) {
    this.#path = path;
    this.#state = state;
  }

  /** What was stored; nothing where there is no file yet. */
  static read(path: string): WorkerState {
    try {
      const { revoked = {}, stamps = {} } = JSON.parse(readFileSync(path, "utf8")) as Partial<WorkerState>;
      return { revoked, stamps };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { revoked: {}, stamps: {} };
      throw new OperationalError(
        `The state file ${path} cannot be read: ${(cause as Error).message}; remove it, or name another one`,
        { cause },
      );
    }
  }

  /** Writes the state as it will be at the end of this turn. */
  changed(): void {
    this.#wanted = true;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    this.#writing.catch(() => {});
  }

  /** Resolves when everything is written; rejects where the last write failed. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#wanted) {
      this.#wanted = false;
      const next = `${this.#path}.next`;
      await writeFile(next, JSON.stringify(this.#state()));
      await rename(next, this.#path);
    }
  }
}
