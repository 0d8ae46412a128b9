import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, machine, measure, printTable, type Table, writeResults } from "./harness.ts";

export interface RowOptions {
  readonly unit: string;
  /** The contestant that the ratios printed beside each figure refer to. */
  readonly reference?: string;
  readonly rounds?: number;
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
    { unit, reference, rounds = 5 }: RowOptions,
  ): Promise<void> {
    if (this.#wanted !== undefined && !this.#wanted.includes(key)) return;
    const at = machine();
    const measured = await measure(title, contestants, { unit, rounds, warmup: Math.min(1, rounds - 1) });
    const table = { key, ...measured, machine: at };
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
