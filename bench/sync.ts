import { fork } from "node:child_process";
import { once } from "node:events";
import { allocate } from "../src/memory/index.ts";
import { Event, Lock, Process, Queue, RawArray, Semaphore, Value } from "../src/multiprocessing/index.ts";
import { Lock as ThreadLock } from "../src/threading/index.ts";
import { type Contestant, summarise } from "./harness.ts";
import { addBare } from "./programs/bare-lock.ts";
import { awaitBare, bounceBare, giveBare, RawWord } from "./programs/bare-futex.ts";
import { type HandOver, handOver } from "./programs/hand-over.ts";
import { pythonFigure, twoPythons } from "./python.ts";
import { asked, Tables } from "./tables.ts";

/** Locks, semaphores and values between two processes, beside Python's and a bare futex; and starting processes. */
const tables = new Tables("sync");

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
      return (performance.now() - start) / 1000 / count;
    },
  };
}

await tables.add(
  "lock",
  "lock, nobody else wants it: acquire and release",
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
print((time.perf_counter() - t) / 300000)`),
    },
  ],
  {
    unit: "seconds",
    better: "lower",
    reference: "Python multiprocessing.Lock",
    targets: [
      { subject: "spool Lock, processes", atMost: 100e-9 },
      { subject: "spool Lock, threads", atMost: 100e-9 },
    ],
  },
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

/** Seconds from giving to having, for a receiver that sleeps: the median of both directions. */
function givenTo(name: string, make: () => [here: HandOver, there: HandOver]): Contestant {
  const turns = 200;
  return {
    name,
    run: async () => {
      const [here, there] = make();
      const state = new RawArray("d", 3);
      const results = new Queue<number[]>();
      let mine: number[] = [];
      await together(
        (go) => {
          go.waitSync();
          results.putSync(handOver(1, 200, state, there));
        },
        () => {
          mine = handOver(0, turns, state, here);
        },
        true,
      );
      return summarise(name, [...mine, ...results.getSync()]).median / 1e6;
    },
  };
}

await tables.add(
  "hand-over",
  "hand-over to a process that sleeps: from giving to having",
  [
    givenTo("spool Lock", () => {
      const lock = new Lock();
      lock.acquireSync();
      const side = { release: () => lock.release(), acquire: () => void lock.acquireSync() };
      return [side, side];
    }),
    givenTo("spool Semaphore", () => {
      const [ping, pong] = [new Semaphore(0), new Semaphore(0)];
      return [
        { release: () => ping.release(), acquire: () => void pong.acquireSync() },
        { release: () => pong.release(), acquire: () => void ping.acquireSync() },
      ];
    }),
    givenTo("bare futex", () => {
      const word = new RawWord(allocate("process", 64));
      const side = (mine: number): HandOver => ({
        release: () => giveBare(word, 1 - mine),
        acquire: () => awaitBare(word, mine),
      });
      return [side(0), side(1)];
    }),
  ],
  {
    unit: "seconds",
    better: "lower",
    reference: "bare futex",
    targets: [asked("spool Lock", 0.5, "bare futex"), asked("spool Semaphore", 0.5, "bare futex")],
  },
);

const BOUNCES = 5000;
await tables.add(
  "ping-pong",
  "semaphores, hand-over between two processes and back, nobody asleep for long",
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
    {
      name: "Python Semaphore",
      run: async () =>
        pythonFigure(
          twoPythons(`
def child(ping, pong):
    for _ in range(3000):
        ping.acquire(); pong.release()
def main():
    ping = mp.Semaphore(0); pong = mp.Semaphore(0)
    p = mp.Process(target=child, args=(ping, pong)); p.start(); time.sleep(0.2)
    t = time.perf_counter()
    for _ in range(3000):
        ping.release(); pong.acquire()
    t = time.perf_counter() - t
    p.join()
    return 3000 / t`),
        ),
    },
  ],
  {
    unit: "round trips/s",
    reference: "bare futex",
    targets: [asked("spool Semaphore", 0.5, "bare futex")],
  },
);

const ADDS = 1_000_000;
const BARE_LOCK = "a bare lock of one word, 2 x 1 000 000";
await tables.add(
  "value",
  "value, += 1 under its lock, two processes at once",
  [
    {
      name: "spool Value, 2 x 1 000 000",
      run: async () => {
        const value = new Value("i", 0);
        const seconds = await together(
          (go) => {
            go.waitSync();
            for (let i = 0; i < 1_000_000; i++) value.add(1);
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
      name: BARE_LOCK,
      run: async () => {
        const words = new RawArray("i", 2);
        const seconds = await together(
          (go) => {
            go.waitSync();
            addBare(words.view as Int32Array, 1_000_000);
          },
          () => addBare(words.view as Int32Array, ADDS),
          true,
        );
        if (words.get(1) !== 2 * ADDS) throw new Error(`${words.get(1)} additions`);
        return (2 * ADDS) / seconds;
      },
    },
    {
      name: "Python Value, 2 x 100 000",
      run: async () =>
        pythonFigure(
          twoPythons(`
def child(v):
    for _ in range(100000):
        with v.get_lock(): v.value += 1
def main():
    v = mp.Value("i", 0)
    p = mp.Process(target=child, args=(v,))
    p.start()
    t = time.perf_counter()
    child(v); p.join()
    return 200000 / (time.perf_counter() - t)`),
        ),
    },
  ],
  {
    unit: "additions/s",
    reference: "Python Value, 2 x 100 000",
    targets: [asked("spool Value, 2 x 1 000 000", 10, "Python Value, 2 x 100 000")],
  },
);

// As users get it: the sources would first have their types taken out, in each process.
const { Process: Built } = (await import(
  new URL("../dist/multiprocessing/index.js", import.meta.url).href
)) as typeof import("../src/multiprocessing/index.ts");
const FORKS = "bare forks one after the other, and 1 s";
const SLEEPER = new URL("programs/sleeper.mjs", import.meta.url);
for (const [count, rounds] of [
  [1, 3],
  [10, 3],
  [50, 1],
  [200, 1],
] as const) {
  await tables.add(
    `sleepers-${count}`,
    `${count} processes that each sleep 1 s, start to join`,
    [
      {
        name: "spool Process",
        run: async () => {
          const start = performance.now();
          const children = Array.from(
            { length: count },
            (_, i) =>
              new Built({ name: `sleeper ${i}`, target: () => new Promise((r) => setTimeout(r, 1000)) }),
          );
          for (const child of children) child.start();
          await Promise.all(children.map((child) => child.join()));
          return (performance.now() - start) / 1000;
        },
      },
      {
        name: "bare child_process.fork",
        run: async () => {
          const start = performance.now();
          await Promise.all(Array.from({ length: count }, () => once(fork(SLEEPER), "exit")));
          return (performance.now() - start) / 1000;
        },
      },
      {
        name: FORKS,
        run: async () => {
          const start = performance.now();
          await once(fork(SLEEPER, ["0"]), "exit");
          return 1 + (count * (performance.now() - start)) / 1000;
        },
      },
      pythonSleepers("spawn", count),
      pythonSleepers("fork", count),
    ],
    {
      unit: "seconds",
      better: "lower",
      reference: "bare child_process.fork",
      rounds,
      targets: count >= 10 ? [asked("spool Process", 1, FORKS)] : [],
    },
  );
}

function pythonSleepers(method: "spawn" | "fork", count: number): Contestant {
  const program = `
import multiprocessing as mp, time
if __name__ == "__main__":
    mp.set_start_method("${method}")
    t = time.perf_counter()
    ps = [mp.Process(target=time.sleep, args=(1,)) for _ in range(${count})]
    for p in ps: p.start()
    for p in ps: p.join()
    print(time.perf_counter() - t)`;
  return { name: `Python Process (${method})`, run: async () => pythonFigure(program) };
}
