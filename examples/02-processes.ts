/** The same in processes: a crash takes only its own task along. */
import { BrokenProcessPool, ProcessPoolExecutor } from "spool";

await using pool = new ProcessPoolExecutor({ maxWorkers: 2 });
const crash = pool.submit(() => process.abort());
const answer = pool.submit((x: number) => x + 1, 41);
console.log(await crash.catch((error) => error instanceof BrokenProcessPool));
console.log(await answer);

// Prints: true
// Prints: 42
