import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, machine, measure, printTable, type Table, writeResults } from "./harness.ts";
import { evaluate, type Target } from "./support/targets.ts";

export interface RowOptions {
  readonly unit: string;
  /** The contestant that the ratios printed beside each figure refer to. */
  readonly reference?: string;
  readonly rounds?: number;
  /** Default: higher. */
  readonly better?: "higher" | "lower";
  /** What is asked of its rows. */
  readonly targets?: readonly Target[];
}

/**
 * The tables of one benchmark and their results file. `SPOOL_BENCH=key,key` measures only those and keeps the others as
 * they were measured before.
 */
export class Tables {
  readonly #name: string;
  readonly #wanted = process.env["SPOOL_BENCH"]?.split(",");
  readonly #measured: Table[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  async add(
    key: string,
    title: string,
    contestants: readonly Contestant[],
    { unit, reference, rounds = 5, better = "higher", targets = [] }: RowOptions,
  ): Promise<void> {
    if (!this.isWanted(key)) return;
    const at = machine();
    const measured = await measure(title, contestants, { unit, rounds, warmup: Math.min(1, rounds - 1) });
    this.put({ key, ...measured, better, machine: at }, targets, reference);
  }

  isWanted(key: string): boolean {
    return this.#wanted === undefined || this.#wanted.includes(key);
  }

  /** Rates, prints and keeps a table that was measured in its own way. */
  put(measured: Table, targets: readonly Target[], reference?: string): void {
    const table = { ...measured, targets: targets.map((it) => evaluate(measured, it)) };
    printTable(table, reference);
    this.#measured.push(table);
    // After each, so that a run that is cut off leaves what it has measured.
    writeResults(this.#name, [...this.#earlier(), ...this.#measured]);
  }

  #earlier(): Table[] {
    const path = join(import.meta.dirname, "results", `${this.#name}.json`);
    if (this.#wanted === undefined || !existsSync(path)) return [];
    const { tables } = JSON.parse(readFileSync(path, "utf8")) as { tables: Table[] };
    return tables.filter((old) => !this.#measured.some((table) => table.title === old.title));
  }
}

/** To be so many times better than another row; less than 1 where some loss is allowed. */
export function asked(subject: string, atLeast: number, peer: string, limit?: string): Target {
  const target = { subject, peers: peer, against: (name: string) => name === peer, atLeast };
  return limit === undefined ? target : { ...target, limit };
}
