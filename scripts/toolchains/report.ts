import { writeFileSync } from "node:fs";
import type { Row } from "./rows.ts";

interface Miss {
  readonly name: string;
  readonly reason: string;
}

export interface Result {
  readonly row: Row;
  readonly ok: boolean;
  /** Passed of all, per executor. */
  readonly counts: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly misses: readonly Miss[];
}

type Report = Record<string, { name: string; reason: string | null }[]>;

/** A row is right when every case passed, or missed for a reason that the row gives. */
export function judge(row: Row, report: unknown, output: string, problem: string | null): Result {
  if (report === undefined) {
    const reason = output.trim().split("\n").slice(-25).join("\n") || "no output";
    return { row, ok: false, counts: {}, summary: "did not run", misses: [{ name: "all", reason }] };
  }
  const counts: Record<string, string> = {};
  const misses: Miss[] = problem === null ? [] : [{ name: "coverage", reason: problem }];
  for (const [executor, outcomes] of Object.entries(report as Report)) {
    const failed = outcomes.filter((outcome) => outcome.reason !== null && !isRefusal(row, outcome.reason));
    counts[executor] = `${outcomes.filter((outcome) => outcome.reason === null).length}/${outcomes.length}`;
    for (const { name, reason } of failed)
      if (row.misses?.[name] === undefined) misses.push({ name: `${executor}: ${name}`, reason: reason! });
  }
  const summary = Object.entries(counts)
    .map(([executor, count]) => `${executor} ${count}`)
    .join(", ");
  return { row, ok: misses.length === 0, counts, summary, misses };
}

function isRefusal(row: Row, reason: string): boolean {
  return row.refused !== undefined && reason.includes(row.refused);
}

/** docs/toolchains.md. */
export function writeTable(results: readonly Result[], versions: Record<string, string>): void {
  const lines = results.map(({ row, counts, misses }) => {
    const reasons = [
      ...Object.entries(row.misses ?? {}).map(([name, reason]) => `${name}: ${reason}`),
      ...(row.refused === undefined
        ? []
        : [`closures are refused with \`${row.refused}\`; references and Node's own functions work`]),
      ...misses.map(({ name, reason }) => `${name}: ${reason.split("\n")[0]}`),
    ];
    return `| ${row.name} | ${counts["thread"] ?? "-"} | ${counts["process"] ?? "-"} | ${reasons.join("; ").replaceAll("|", "\\|")} |`;
  });
  const used = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
  writeFileSync(
    "docs/toolchains.md",
    `# Toolchains

Written by \`npm run test:toolchains\`, which packs spool, installs it beside each toolchain and runs the same cases
(\`scripts/toolchains/cases/\`) over threads and processes: captures, imports, classes, streams, errors with their
true file and line, refusals; under coverage, that what only workers run is counted at its true lines.

Where V8's inspector cannot be asked (the permission model without \`--allow-inspector\`, Bun, Deno), functions are named
with [\`ref\`](./closures.md); any other that uses more than the language is refused before it runs, with one error that
says so. Bundles may hold spool or leave it outside; it must be installed beside them in both cases, since workers start
from its own files.

Versions: ${used}.

| toolchain | threads | processes | what is missing, and why |
|---|---|---|---|
${lines.join("\n")}
`,
  );
}
