/** Fifty greenlets that sleep 2 s end in 2 s, in one thread; the guard names a call that would block them all. */
import { readFileSync } from "node:fs";
import { joinall, monkey, sleep, spawn } from "spool/gevent";

const start = performance.now();
await joinall(Array.from({ length: 50 }, () => spawn(sleep, 2)));
console.log(`50 sleepers of 2 s took ${Math.round((performance.now() - start) / 1000)} s`);

monkey.patchAll({
  onBlocking: ({ call, instead }) => console.log(`${call} blocks every greenlet; use ${instead}`),
});
await spawn(() => readFileSync(import.meta.filename)).get();
monkey.unpatchAll();

// Prints: 50 sleepers of 2 s took 2 s
// Prints: fs.readFileSync blocks every greenlet; use await fs.promises.readFile(...)
