import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { STATES, type Visit } from "./attach/states.ts";
import { machine } from "./harness.ts";
import { nodesOf } from "./lines.ts";

/**
 * `node -C spool-source bench/attach.ts [20 22 24 26]`: these Node lines in every state in which a process may be when
 * it is to be looked into: which engine got in, how long that took, what it found, whether the process was left as it
 * was. Half a minute a line; bench/results/attach.json, written after each.
 */
const ALL = ["20", "22", "24", "26"];
const directory = join(import.meta.dirname, "results");
const file = join(directory, "attach.json");
type Visits = Record<string, Visit | null>;
interface Row {
  readonly state: string;
  readonly visits: Visits;
}

const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? process.argv.slice(2);
for (const [line, node] of await nodesOf(wanted.length > 0 ? wanted : ALL)) {
  const visits: Visits = {};
  for (const { name, except, visit } of STATES) {
    const seen = except?.includes(line) === true ? null : await visit(node);
    visits[name] = seen;
    if (seen === null) continue;
    const { engine, ms, found, asBefore } = seen;
    const kept = asBefore ? "left as it was" : "NOT AS BEFORE";
    console.log(`Node ${line}, ${name}: ${engine} after ${ms.toFixed(0)} ms, ${found}, ${kept}`);
    if (!asBefore) process.exitCode = 1;
  }
  keep(line, visits);
}

/** Puts a line's column beside those of other runs. */
function keep(line: string, visits: Visits): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { rows: Row[] }).rows : [];
  const rows = STATES.map(({ name }) => {
    const known = { ...before.find(({ state }) => state === name)?.visits, [line]: visits[name] ?? null };
    return { state: name, visits: known };
  });
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`);
}
