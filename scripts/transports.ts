import { run } from "./run.ts";

/**
 * `npm run test:transports [-- part of a path ...]`: what runs work in threads and processes, with all its faults, over
 * each way between a pool and its workers, and with processes that share by sockets. The ways are chosen by environment
 * variables, which only tests set. `npm test` has the contract of the executors and the fault matrix over each way, too.
 */
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "messages only": { SPOOL_TRANSPORT: "messages" },
  "rings, as early as can be": { SPOOL_TRANSPORT: "rings" },
  "no shared memory between processes": { SPOOL_MEMORY: "sockets", SPOOL_TRANSPORT: "messages" },
};
const SUITES = ["test/worker/", "test/futures/", "test/threading/", "test/multiprocessing/"];

const parts = process.argv.slice(2).filter((arg) => arg !== "--");
const results: string[] = [];
let failed = false;
for (const [way, variables] of Object.entries(WAYS)) {
  console.log(`\n##### ${way}`);
  const env = { ...process.env, ...variables };
  const code = await run(process.execPath, ["scripts/test.ts", ...(parts.length > 0 ? parts : SUITES)], env);
  failed ||= code !== 0;
  results.push(`${way}: ${code === 0 ? "passed" : "FAILED"}`);
}
console.log(`\n${results.join("\n")}`);
process.exit(failed ? 1 : 0);
