import type { Executor } from "../src/index.ts";
import { ProcessPoolExecutor, ThreadPoolExecutor } from "../src/index.ts";
import { FAULTS, LIMITS, attempt } from "../test/worker/faults.ts";
import { type Table, measure, printTable, writeResults } from "./harness.ts";

/**
 * How long a fault lasts: from the submit of the task that goes wrong until its error has arrived and the pool, healed
 * where it lost its worker, has run the next task. One worker, so that nothing else can serve that one.
 */
const LIMIT = 2;
const tables: Table[] = [];

for (const [kind, Pool] of [
  ["thread", ThreadPoolExecutor],
  ["process", ProcessPoolExecutor],
] as const) {
  const pool = new Pool({ maxWorkers: 1, ...LIMITS });
  await pool.submit(() => 1);
  const faults = FAULTS.filter((fault) => fault.only === undefined || fault.only === kind);
  const table = await measure(
    `a fault in a ${kind}: until its error is there and the next task has run`,
    faults.map((fault) => ({
      name: fault.name,
      run: async () => {
        const started = performance.now();
        const error = await attempt(() => fault.cause(pool), { timeout: 30 });
        await next(pool);
        const seconds = (performance.now() - started) / 1000;
        fault.expect(error as never);
        return seconds;
      },
    })),
    { unit: "seconds", rounds: 5 },
  );
  await pool.shutdown();
  printTable(table);
  tables.push(table);
}

const slowest = Math.max(...tables.flatMap((table) => table.figures.map((figure) => figure.max)));
console.log(`\nThe slowest took ${slowest.toFixed(2)} s; the limit is ${LIMIT} s.`);
console.log(writeResults("faults", tables, { limit: LIMIT, slowest }));
process.exitCode = slowest <= LIMIT ? 0 : 1;

async function next(pool: Executor): Promise<void> {
  if ((await pool.submit(() => "next").result({ timeout: 30 })) !== "next") throw new Error("not served");
}
