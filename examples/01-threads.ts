/** A function and what it captures, on every core. */
import { ThreadPoolExecutor } from "spool";

const factor = 3;
await using pool = new ThreadPoolExecutor();
for await (const y of pool.map((x) => x * factor, [1, 2, 3])) console.log(y);

// Prints: 3
// Prints: 6
// Prints: 9
