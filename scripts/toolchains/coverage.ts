import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Whether a coverage report counts the lines that only workers ran: `reached`, and not `never`. Null when it does. */
export function coverageProblem(kind: string, folder: string): string | null {
  const lines = readFileSync(join(folder, "cases.ts"), "utf8").split("\n");
  const lineOf = (mark: string): number => lines.findIndex((line) => line.includes(`/*${mark}*/`)) + 1;
  const hits = kind === "coverage-node" ? fromLcov(folder) : fromIstanbul(folder, kind);
  if (hits === undefined) return "no report for cases.ts";
  const [reached, never] = [hits.get(lineOf("reached")), hits.get(lineOf("never"))];
  if (never !== 0) return `the line that nothing runs is counted ${String(never)} times`;
  if (kind === "coverage-nyc") return null;
  return reached !== undefined && reached > 0 ? null : "the line that only workers run is counted 0 times";
}

interface Istanbul {
  readonly path: string;
  readonly statementMap: Record<string, { start: { line: number } }>;
  readonly s: Record<string, number>;
}

function fromIstanbul(folder: string, kind: string): Map<number, number> | undefined {
  const file = join(folder, "coverage", "coverage-final.json");
  if (!existsSync(file)) return undefined;
  const reports = Object.values(JSON.parse(readFileSync(file, "utf8")) as Record<string, Istanbul>);
  const report = reports.find(({ path }) => path.endsWith("/cases.ts"));
  if (report === undefined) return undefined;
  void kind;
  const hits = new Map<number, number>();
  for (const [id, { start }] of Object.entries(report.statementMap))
    hits.set(start.line, Math.max(hits.get(start.line) ?? 0, report.s[id]!));
  return hits;
}

function fromLcov(folder: string): Map<number, number> | undefined {
  const file = join(folder, "lcov.info");
  if (!existsSync(file)) return undefined;
  const sections = readFileSync(file, "utf8").split("end_of_record");
  const section = sections.find((text) => /SF:.*cases\.ts/.test(text));
  if (section === undefined) return undefined;
  const lines = [...section.matchAll(/DA:(\d+),(\d+)/g)];
  return new Map(lines.map(([, line, count]) => [Number(line), Number(count)]));
}
