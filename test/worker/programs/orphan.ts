// Says the pids of its workers, one idle and one in a busy loop, and waits to be killed.
import { ProcessPoolExecutor } from "spool/multiprocessing";

const pool = new ProcessPoolExecutor({ maxWorkers: 2 });
const pids = await pool.runOnAll(() => process.pid);
pool
  .submit(() => {
    for (;;);
  })
  .catch(() => {});
// The guard starts a little after the first worker.
setTimeout(() => console.log(JSON.stringify(pids)), 1000);
