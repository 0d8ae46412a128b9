import { allocate } from "../src/memory/index.ts";
import { Event, Lock, Process, Semaphore, Value } from "../src/multiprocessing/index.ts";
import { Lock as ThreadLock } from "../src/threading/index.ts";
import { type Contestant, measure, printTable, type Table, writeResults } from "./harness.ts";
import { pythonFigure, twoPythons } from "./python.ts";
import { bounceBare, RawWord } from "./programs/bare-futex.ts";

/** Locks, semaphores and values between two processes, beside Python's and a bare futex; and starting processes. */
const tables: Table[] = [];
async function row(
  title: string,
  unit: string,
  contestants: readonly Contestant[],
  reference?: string,
): Promise<void> {
  const table = await measure(title, contestants, { unit, rounds, warmup: Math.min(1, rounds - 1) });
  printTable(table, reference);
  tables.push(table);
}

function uncontended(name: string, lock: { acquireSync(): boolean; release(): void }): Contestant {
  const count = 1_000_000;
  return {
    name,
    run: async () => {
      const start = performance.now();
      for (let i = 0; i < count; i++) {
        lock.acquireSync();
        lock.release();
      }
      return ((performance.now() - start) * 1e6) / count;
    },
  };
}

await row(
  "lock, nobody else wants it: acquire and release",
  "nanoseconds, fewer are better",
  [
    uncontended("spool Lock, processes", new Lock()),
    uncontended("spool Lock, threads", new ThreadLock()),
    {
      name: "Python multiprocessing.Lock",
      run: async () =>
        pythonFigure(`
import multiprocessing as mp, time
l = mp.Lock()
t = time.perf_counter()
for _ in range(300000):
    l.acquire(); l.release()
print((time.perf_counter() - t) * 1e9 / 300000)`),
    },
  ],
  "spool Lock, processes",
);

/** Starts a child that runs `target` after `go`, and times `main` from `go`. */
async function together(
  target: (go: Event) => void,
  main: () => void | Promise<void>,
  both: boolean = false,
): Promise<number> {
  const [ready, go, done] = [new Event(), new Event(), new Event()];
  const child = new Process({
    target: (run: (go: Event) => void) => {
      ready.set();
      run(go);
      done.set();
    },
    args: [target],
  });
  child.start();
  await ready.wait();
  const start = performance.now();
  go.set();
  await main();
  if (both) await done.wait();
  const seconds = (performance.now() - start) / 1000;
  await child.join();
  return seconds;
}

const BOUNCES = 5000;
await row(
  "hand-over between two processes and back",
  "round trips per second",
  [
    {
      name: "spool Semaphore",
      run: async () => {
        const [ping, pong] = [new Semaphore(0), new Semaphore(0)];
        const seconds = await together(
          (go) => {
            go.waitSync();
            for (let i = 0; i < 5000; i++) {
              ping.acquireSync();
              pong.release();
            }
          },
          () => {
            for (let i = 0; i < BOUNCES; i++) {
              ping.release();
              pong.acquireSync();
            }
          },
        );
        return BOUNCES / seconds;
      },
    },
    {
      name: "bare futex",
      run: async () => {
        const word = new RawWord(allocate("process", 64));
        const seconds = await together(
          (go) => {
            go.waitSync();
            bounceBare(word, 1, 5000);
          },
          () => bounceBare(word, 0, BOUNCES),
        );
        return BOUNCES / seconds;
      },
    },
  ],
  "bare futex",
);

const ADDS = 200_000;
await row(
  "value, += 1 under its lock, two processes at once",
  "additions per second",
  [
    {
      name: "spool Value",
      run: async () => {
        const value = new Value("i", 0);
        const seconds = await together(
          (go) => {
            go.waitSync();
            for (let i = 0; i < 200_000; i++) value.add(1);
          },
          () => {
            for (let i = 0; i < ADDS; i++) value.add(1);
          },
          true,
        );
        if (value.value !== 2 * ADDS) throw new Error(`${value.value} additions`);
        return (2 * ADDS) / seconds;
      },
    },
    {
      name: "Python Value",
      run: async () =>
        pythonFigure(
          twoPythons(`
def child(v):
    for _ in range(50000):
        with v.get_lock(): v.value += 1
def main():
    v = mp.Value("i", 0)
    p = mp.Process(target=child, args=(v,))
    p.start()
    t = time.perf_counter()
    child(v); p.join()
    return 100000 / (time.perf_counter() - t)`),
        ),
    },
  ],
  "Python Value",
);

for (const count of [1, 10, 50]) {
  await row(
    `${count} processes that each sleep 1 s, start to join`,
    "seconds, fewer are better",
    [
      {
        name: "spool Process",
        run: async () => {
          const start = performance.now();
          const children = Array.from(
            { length: count },
            (_, i) =>
              new Process({ name: `sleeper ${i}`, target: () => new Promise((r) => setTimeout(r, 1000)) }),
          );
          for (const child of children) child.start();
          await Promise.all(children.map((child) => child.join()));
          return (performance.now() - start) / 1000;
        },
      },
      {
        name: "Python Process (spawn)",
        run: async () =>
          pythonFigure(`
import multiprocessing as mp, time
if __name__ == "__main__":
    mp.set_start_method("spawn")
    t = time.perf_counter()
    ps = [mp.Process(target=time.sleep, args=(1,)) for _ in range(${count})]
    for p in ps: p.start()
    for p in ps: p.join()
    print(time.perf_counter() - t)`),
      },
    ],
    "Python Process (spawn)",
    count > 10 ? 1 : 3,
  );
}

console.log(writeResults("sync", tables));
