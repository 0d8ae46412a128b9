import { summarise, type Table } from "./harness.ts";
import { nodesOf } from "./lines.ts";
import { memoryRows } from "./accuracy/memory.ts";
import { type Case, type Row, runCase } from "./accuracy/shares.ts";
import { saveTables } from "./support/results.ts";

/**
 * How true the profilers are: `node -C spool-source bench/accuracy.ts [shares | workers | processes | lines | memory]...`,
 * on programs that count what they do. `shares`: one function with three quarters of the time at 100 samples a second,
 * plain and inlined; `workers`, `processes`: in three of them, each by itself; by both engines. `lines`: as `shares`, on
 * the other Node lines. `memory`: known allocations under `spool mem run`. Each takes about two minutes at most; bench/results/accuracy.json.
 */
const OWN_LINE = `Node ${process.versions.node.split(".")[0]}`;
const TABLES: Readonly<Record<string, () => Promise<Table>>> = {
  shares: async () =>
    sharesTable("error of a share at 100 Hz", await together(plainAndInlined(OWN_LINE, process.execPath))),
  workers: async () =>
    sharesTable("error of a share at 100 Hz, three workers", await runCase(divided("3 workers", "workers"))),
  processes: async () =>
    sharesTable(
      "error of a share at 100 Hz, three processes",
      await runCase(divided("3 processes", "children")),
    ),
  lines: async () => {
    const own = process.versions.node.split(".")[0]!;
    const rows: Row[] = [];
    for (const [line, node] of await nodesOf(["20", "22", "24", "26"].filter((l) => l !== own)))
      rows.push(...(await together(plainAndInlined(`Node ${line}`, node))));
    return sharesTable("error of a share at 100 Hz, other lines", rows);
  },
  memory: async () => {
    const figures = [];
    for (const [line, node] of await nodesOf(["22", "24"])) {
      for (const row of await memoryRows(line, node)) {
        const figure = summarise(row.name, row.errors);
        console.log(
          `${row.name.padEnd(44)} truth ${row.truth.toFixed(1).padStart(6)} MB   found ` +
            `${row.found.map((mb) => mb.toFixed(1)).join(", ")}   median error ${figure.median.toFixed(1)} %`,
        );
        figures.push({ ...figure, truth: row.truth, found: row.found });
      }
    }
    return { title: "error of known allocations", unit: "%", rounds: figures[0]!.samples.length, figures };
  },
};

/** Two programs at once, one for each of two processors. */
function plainAndInlined(line: string, node: string): Case[] {
  return [
    { name: `${line}, 75/25`, mode: "shares", node, inlining: false, engines: ["inspector", "external"] },
    { name: `${line}, 75/25 inlined`, mode: "shares", node, inlining: true, engines: ["inspector"] },
  ];
}

/** The processors are shared by three, so it takes longer until each has as many samples. */
function divided(name: string, mode: "workers" | "children"): Case {
  return {
    name: `${OWN_LINE}, ${name}`,
    mode,
    node: process.execPath,
    inlining: false,
    engines: ["inspector", "external"],
    seconds: 120,
  };
}

async function together(cases: readonly Case[]): Promise<Row[]> {
  return (await Promise.all(cases.map(runCase))).flat();
}

function sharesTable(title: string, rows: readonly Row[]): Table {
  for (const { name, engine, truth, found, error, samples } of rows) {
    console.log(
      `${`${name}, ${engine}`.padEnd(44)} truth ${truth.toFixed(1)} %   found ${found.toFixed(1)} %   ` +
        `error ${error.toFixed(1).padStart(4)} points   ${samples} samples`,
    );
  }
  const figures = rows.map((row) => ({
    ...summarise(`${row.name}, ${row.engine}`, [row.error]),
    truth: row.truth,
    found: row.found,
    counted: row.samples,
  }));
  return { title, unit: "points", rounds: 1, figures };
}

const wanted = process.env["SPOOL_BENCH"]?.split(",") ?? process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in TABLES));
if (unknown.length > 0) throw new Error(`no table ${unknown.join(", ")}: ${Object.keys(TABLES).join(", ")}`);
for (const name of wanted.length > 0 ? wanted : Object.keys(TABLES)) {
  const table = await TABLES[name]!();
  console.log(saveTables("accuracy", [table]));
}
