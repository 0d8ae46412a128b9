/** Threads that share a counter and a lock; both are passed or captured like any other value. */
import { Lock, Thread, Value } from "spool/threading";

const lock = new Lock();
const counter = new Value("i", 0);
const threads = [1, 2].map(
  () =>
    new Thread({
      target: () => {
        for (let i = 0; i < 1000; i++) lock.withSync(() => counter.value++);
      },
    }),
);
for (const thread of threads) thread.start();
for (const thread of threads) await thread.join();
console.log(counter.value);

// Prints: 2000
