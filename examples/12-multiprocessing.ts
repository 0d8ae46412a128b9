/** A child process that answers through a queue, and a pool as Python's. */
import { Pool, Process, Queue } from "spool/multiprocessing";

const queue = new Queue<string>();
const child = new Process({ target: (name: string) => queue.put(`hello ${name}`), args: ["parent"] });
child.start();
console.log(await queue.get());
await child.join();

await using pool = new Pool(2);
console.log(await pool.map((x: number) => x ** 2, [1, 2, 3]));

// Prints: hello parent
// Prints: [ 1, 4, 9 ]
