import { type Results, keyOf } from "./results.ts";
import type { Machine } from "./machine.ts";
import { quantity } from "./quantity.ts";
import { type Table, figure } from "./table.ts";
import { reachedText, targetText } from "./targets.ts";

/**
 * What a document quotes: `FILE/TABLE` a table with its targets, `FILE/TABLE#ROW` one figure, `FILE` the targets of
 * all tables of the file.
 */
export function quote(reference: string, read: (file: string) => Results): string {
  const { file, key, row } = parse(reference);
  const results = read(file);
  if (results.tables.length === 0) throw new Error(`${reference}: nothing was measured yet`);
  if (key === undefined) return `\n${targetsOf(results)}\n`;
  const table = results.tables.find((it) => keyOf(it) === key);
  if (table === undefined) {
    throw new Error(
      `${reference}: there is no such table; there are ${results.tables.map(keyOf).join(", ")}`,
    );
  }
  if (row !== undefined) return quantity(figure(table, row).median, table.unit);
  return `\n${whole(table, table.machine ?? results.machine)}\n`;
}

function parse(reference: string): { file: string; key: string | undefined; row: string | undefined } {
  const [path, row] = reference.split("#", 2) as [string, string | undefined];
  const [file, key] = path.split("/", 2) as [string, string | undefined];
  return { file, key, row };
}

function whole(table: Table, machine: Machine | undefined): string {
  const write = writer(table);
  const rows = table.figures.map(
    ({ name, median, min, max }) => `| ${name} | ${write(median)} | ${write(min)} .. ${write(max)} |`,
  );
  const targets = table.targets ?? [];
  return [
    `| ${table.title} | ${unitName(table.unit)} | range |`,
    "|---|---|---|",
    ...rows,
    "",
    ...(targets.length === 0 ? [] : [...targetRows([table]), ""]),
    source(table, machine),
  ].join("\n");
}

function targetsOf({ tables }: Results): string {
  return targetRows(tables).join("\n");
}

function targetRows(tables: readonly Table[]): string[] {
  const several = tables.length > 1;
  const rows = tables.flatMap((table) =>
    (table.targets ?? []).map((it, i) => {
      const write = writer(table);
      const value = write(figure(table, it.subject).median);
      const rival =
        it.against === undefined ? "" : ` (${it.against}: ${write(figure(table, it.against).median)})`;
      const verdict = it.met ? "met" : `not met${it.limit === undefined ? "" : `: ${it.limit}`}`;
      const work = several ? `${i === 0 ? table.title : ""} | ` : "";
      return `| ${work}${it.subject}: ${value} | ${targetText(it, write)}${rival} | ${reachedText(it, write)} | ${verdict} |`;
    }),
  );
  const heads = ["reached", "target", "ratio [rounds]", ""];
  if (several) heads.unshift("work");
  return [`| ${heads.join(" | ")} |`, `|${"---|".repeat(heads.length)}`, ...rows];
}

function source({ rounds }: Table, machine: Machine | undefined): string {
  if (machine === undefined) return `Median of ${rounds} rounds.`;
  const { cpu, cores, node, date, busyCores, load } = machine;
  const others = busyCores === undefined ? `load ${load}` : `others kept ${busyCores} cores busy`;
  return `Median of ${rounds} rounds, Node ${node.slice(1)}, ${cores} cores of an ${cpu}, ${others}, ${date.slice(0, 10)}.`;
}

const writer =
  ({ unit }: Table) =>
  (value: number): string =>
    quantity(value, unit);

/** Figures of these carry their unit with them. */
function unitName(unit: string): string {
  return /^(seconds|bytes|share)\b/.test(unit) ? "median" : unit;
}
