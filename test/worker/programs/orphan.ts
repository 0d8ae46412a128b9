// Says the pids of its workers, one idle and one in a busy loop, and waits to be killed.
import { readFileSync } from "node:fs";
import { ProcessPoolExecutor } from "spool/multiprocessing";

const pool = new ProcessPoolExecutor({ maxWorkers: 2 });
const pids = await pool.runOnAll(() => process.pid);
pool
  .submit(() => {
    for (;;);
  })
  .catch(() => {});
// What ends the busy one starts a little after the first worker: a shell, one child more.
while (children() <= pids.length) await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify(pids));

function children(): number {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).length;
}
