/** A timeout stops even a busy loop, and the pool goes on. */
import { ThreadPoolExecutor, TimeoutError } from "spool";

await using pool = new ThreadPoolExecutor({ maxWorkers: 1 });
const stuck = pool.with({ timeout: 0.2 }).submit(() => {
  for (;;);
});
console.log(await stuck.catch((error) => error instanceof TimeoutError));
console.log(await pool.submit(() => "still here"));

// Prints: true
// Prints: still here
