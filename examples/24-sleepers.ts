/** Sleeping processes, visible by their names in `ps`. */
import { execFileSync } from "node:child_process";
import { Barrier, Event, Process } from "spool/multiprocessing";

const [asleep, morning] = [new Barrier(4), new Event()];
const sleepers = [1, 2, 3].map(
  (i) =>
    new Process({
      name: `sleeper-${i}`,
      target: async () => {
        await asleep.wait();
        await morning.wait();
      },
    }),
);
for (const sleeper of sleepers) sleeper.start();
await asleep.wait();
const pids = sleepers.map((sleeper) => String(sleeper.pid)).join(",");
console.log(execFileSync("ps", ["-o", "args=", "-p", pids], { encoding: "utf8" }).trimEnd());
morning.set();
await Promise.all(sleepers.map((sleeper) => sleeper.join()));

// Prints: sleeper-1
// Prints: sleeper-2
// Prints: sleeper-3
