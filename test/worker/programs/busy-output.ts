// A worker prints and then hangs, while the main thread never gets to its event loop; then the program is ended.
import { ThreadPoolExecutor } from "spool/threading";

const gate = new Int32Array(new SharedArrayBuffer(4));
const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
await pool.submit(() => 1);
void pool
  .submit((word: Int32Array) => {
    console.log("from a busy worker");
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
    for (;;);
  }, gate)
  .catch(() => {});
setImmediate(() => {
  Atomics.wait(gate, 0, 0);
  process.exit(0);
});
