/** A counter in shared memory, with and without its lock. */
import { Process, Value } from "spool/multiprocessing";

const guarded = new Value("i", 0);
const careless = new Value("i", 0);
const count = (): void => {
  for (let i = 0; i < 100_000; i++) {
    guarded.add(1);
    careless.value++;
  }
};
const counters = [new Process({ target: count }), new Process({ target: count })];
for (const counter of counters) counter.start();
await Promise.all(counters.map((counter) => counter.join()));
console.log(`with the lock: ${guarded.value}`);
console.log(`without: ${careless.value <= 200_000 ? "as many, or fewer" : "more"}`);

// Prints: with the lock: 200000
// Prints: without: as many, or fewer
