import { readFileSync } from "node:fs";

/** The tables of docs/profile.md, written from what the benchmarks have measured. */
interface Figure {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Measured {
  readonly title: string;
  readonly unit: string;
  readonly rounds: number;
  readonly machine: Machine;
  readonly targets?: readonly Reached[];
  readonly figures: readonly (Figure & {
    readonly truth?: number;
    readonly found?: number | number[];
    readonly counted?: number;
  })[];
}

interface Reached {
  readonly subject: string;
  readonly asked: number;
  readonly reached: number;
  readonly met: boolean;
  readonly limit?: string;
}

interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly load: number;
}

interface Results {
  readonly tables: readonly Measured[];
}

interface Visits {
  readonly machine: Machine;
  readonly rows: readonly {
    readonly state: string;
    readonly visits: Readonly<
      Record<string, { readonly engine: string; readonly ms: number; readonly asBefore: boolean } | null>
    >;
  }[];
}

/** Costs: every table of bench/results/profile.json. */
export function costTables(): string {
  const { tables } = results<Results>("profile");
  const { machine } = tables[0]!;
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; medians with their range, and the machine's load while they were taken.`,
    ...tables.flatMap(({ title, unit, rounds, machine: { load }, figures, targets = [] }) => [
      table(
        [`${title} (${unit}, median of ${rounds}, load ${load})`, "median", "range"],
        figures.map((f) => [f.name, short(f.median), `${short(f.min)} .. ${short(f.max)}`]),
      ),
      ...targets.map(
        ({ subject, asked, reached, met, limit = "" }) =>
          `- ${subject}: asked at most ${asked} ${unit}, reached ${short(reached)}: ` +
          (met ? "met" : `not met${limit === "" ? "" : `; ${limit}`}`),
      ),
    ]),
  ].join("\n\n");
}

/** Shares and allocations against what the programs counted, and the sentence that sums them up. */
export function truthTables(): string {
  const { tables } = results<Results>("accuracy");
  const { machine } = tables[0]!;
  const shares = tables.filter(({ unit }) => unit === "points").flatMap(({ figures }) => figures);
  const memory = tables.filter(({ unit }) => unit === "%").flatMap(({ figures }) => figures);
  const worst = (figures: readonly Figure[]): string =>
    Math.max(...figures.map(({ median }) => Math.abs(median))).toFixed(1);
  const fewest = Math.min(...shares.map(({ counted = Infinity }) => counted));
  const whole = shares.filter(({ name }) => name.split(",").length === 3);
  return [
    `Of ${whole.length} profiles at 100 Hz the worst is ${worst(whole)} points off what the program counted of itself ` +
      `(single threads and processes of them: ${worst(shares)}, where chance alone makes a standard error of ${(43.3 / Math.sqrt(fewest)).toFixed(1)}); of ${memory.length} known allocations the worst is ` +
      `${worst(memory)} % off. ${machine.cpu}, ${machine.cores} cores.`,
    table(
      ["share of the first of two functions, engine", "counted", "profiled", "error, points"],
      shares.map((f) => [f.name, percent(f.truth), percent(f.found as number), signed(f.median)]),
    ),
    table(
      ["`spool mem run`, known allocations", "MB", "found", "median error"],
      memory.map((f) => [
        f.name,
        (f.truth ?? 0).toFixed(1),
        (f.found as number[]).map((mb) => mb.toFixed(1)).join(", "),
        `${signed(f.median)} %`,
      ]),
    ),
  ].join("\n\n");
}

/** Every state of a process on every line: which engine got in, and after how long. */
export function attachTable(): string {
  const { machine, rows } = results<Visits>("attach");
  const lines = Object.keys(rows[0]!.visits);
  const visits = rows.flatMap((row) => Object.values(row.visits)).filter((visit) => visit !== null);
  const kept = visits.filter(({ asBefore }) => asBefore).length;
  return [
    table(
      ["state of the process", ...lines.map((line) => `Node ${line}`)],
      rows.map(({ state, visits: cells }) => [state, ...lines.map((line) => cell(cells[line]))]),
    ),
    `${kept} of ${visits.length} were left with the ports, threads, descriptors and handlers they had ` +
      `(\`bench/attach.ts\`, ${machine.cpu}, ${machine.cores} cores, load ${machine.load}).`,
  ].join("\n\n");
}

function cell(visit: Visits["rows"][number]["visits"][string] | undefined): string {
  return visit === null || visit === undefined
    ? "no such flag"
    : `${visit.engine}, ${visit.ms.toFixed(0)} ms`;
}

function results<T>(name: string): T {
  return JSON.parse(readFileSync(`bench/results/${name}.json`, "utf8")) as T;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function percent(value: number | undefined): string {
  return `${(value ?? NaN).toFixed(1)} %`;
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(1)}`;
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
