import { Mutex } from "async-mutex";
import { Sema } from "async-sema";
import { Effect, Fiber, Semaphore as EffectSemaphore } from "effect";
import { all as effectionAll, call, run as effectionRun, sleep as effectionSleep, spawn } from "effection";
import pLimit from "p-limit";
import pMap from "p-map";
import PQueue from "p-queue";
import pTimeout from "p-timeout";
import {
  CapacityLimiter,
  Lock,
  Queue,
  gather,
  group,
  mapLimit,
  sleep,
  timeout,
} from "../src/asyncio/index.ts";
import { type Contestant, measure, printTable, type Table, writeResults } from "./harness.ts";

/**
 * Overheads of structured concurrency beside the libraries that do one part of it. The work is one microtask per call,
 * so that nothing but the overhead is measured; figures are calls per CPU-second.
 */
const N = 50_000;
const tick = async (): Promise<number> => {
  await Promise.resolve();
  return 1;
};
const items = Array.from({ length: N }, (_, i) => i);
const thousand = Array.from({ length: 1000 }, () => tick);

/** Runs `work` for `calls` calls and gives calls per second of CPU time. */
function rate(name: string, calls: number, work: () => unknown): Contestant {
  return {
    name,
    run: async () => {
      // Else a contestant pays for the garbage of the one before.
      globalThis.gc?.();
      const start = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(start);
      return calls / ((user + system) / 1e6);
    },
  };
}

/** The same, `times` over, for work that is short. */
function repeated(name: string, calls: number, times: number, work: () => unknown): Contestant {
  return rate(name, calls * times, async () => {
    for (let i = 0; i < times; i++) await work();
  });
}

const tables: Table[] = [];
async function row(title: string, contestants: readonly Contestant[], reference?: string): Promise<void> {
  const table = await measure(title, contestants, { unit: "calls per CPU-second" });
  printTable(table, reference);
  tables.push(table);
}

const effectTick = Effect.promise(tick);

await row(
  "1,000 calls at once",
  [
    repeated("spool gather", 1000, 100, () => gather(thousand)),
    repeated("p-map", 1000, 100, () => pMap(thousand, (fn) => fn())),
    repeated("Promise.all (no cancellation)", 1000, 100, () => Promise.all(thousand.map((fn) => fn()))),
    repeated("effection all(call)", 1000, 4, () =>
      effectionRun(() => effectionAll(thousand.map((fn) => call(fn)))),
    ),
    repeated("Effect.forEach unbounded", 1000, 50, () =>
      Effect.runPromise(Effect.forEach(thousand, () => effectTick, { concurrency: "unbounded" })),
    ),
  ],
  "spool gather",
);

await row(
  "1,000 named tasks that can be cancelled one by one",
  [
    repeated("spool group + spawn", 1000, 50, () =>
      group((g) => {
        for (const fn of thousand) g.spawn(fn);
      }),
    ),
    repeated("effection spawn", 1000, 4, () =>
      effectionRun(function* () {
        const tasks = [];
        for (const fn of thousand) tasks.push(yield* spawn(() => call(fn)));
        for (const task of tasks) yield* task;
      }),
    ),
    repeated("Effect fork", 1000, 50, () =>
      Effect.runPromise(
        Effect.gen(function* () {
          const fibers = [];
          for (let i = 0; i < 1000; i++) fibers.push(yield* Effect.forkChild(effectTick));
          for (const fiber of fibers) yield* Fiber.join(fiber);
        }),
      ),
    ),
  ],
  "spool group + spawn",
);

await row(
  "map, 10 at a time",
  [
    rate("spool mapLimit", N, () => mapLimit(items, 10, tick)),
    rate("p-map", N, () => pMap(items, tick, { concurrency: 10 })),
    rate("p-limit map", N, () => pLimit(10).map(items, tick)),
    rate("Effect.forEach", N, () =>
      Effect.runPromise(Effect.forEach(items, () => effectTick, { concurrency: 10 })),
    ),
  ],
  "spool mapLimit",
);

await row(
  "limiter, 10 tokens",
  [
    rate("spool CapacityLimiter", N, () => {
      const limiter = new CapacityLimiter(10);
      return Promise.all(items.map(() => limiter.run(tick)));
    }),
    rate("p-limit", N, () => {
      const limit = pLimit(10);
      return Promise.all(items.map(() => limit(tick)));
    }),
    rate("p-queue", N, () => {
      const queue = new PQueue({ concurrency: 10 });
      return Promise.all(items.map(() => queue.add(tick)));
    }),
    rate("async-sema", N, () => {
      const sema = new Sema(10);
      return Promise.all(
        items.map(async () => {
          await sema.acquire();
          try {
            return await tick();
          } finally {
            sema.release();
          }
        }),
      );
    }),
    rate("Effect semaphore", N, () =>
      Effect.runPromise(
        Effect.gen(function* () {
          const semaphore = yield* EffectSemaphore.make(10);
          yield* Effect.forEach(items, () => semaphore.withPermits(1)(effectTick), {
            concurrency: "unbounded",
          });
        }),
      ),
    ),
  ],
  "spool CapacityLimiter",
);

await row(
  "lock, 1,000 waiters",
  [
    repeated("spool Lock.with", 1000, 20, () => {
      const lock = new Lock();
      return Promise.all(thousand.map((fn) => lock.with(fn)));
    }),
    repeated("async-mutex runExclusive", 1000, 20, () => {
      const mutex = new Mutex();
      return Promise.all(thousand.map((fn) => mutex.runExclusive(fn)));
    }),
    repeated("async-sema (1)", 1000, 20, () => {
      const sema = new Sema(1);
      return Promise.all(
        thousand.map(async (fn) => {
          await sema.acquire();
          try {
            return await fn();
          } finally {
            sema.release();
          }
        }),
      );
    }),
    repeated("Effect semaphore (1)", 1000, 20, () =>
      Effect.runPromise(
        Effect.gen(function* () {
          const semaphore = yield* EffectSemaphore.make(1);
          yield* Effect.forEach(thousand, () => semaphore.withPermits(1)(effectTick), {
            concurrency: "unbounded",
          });
        }),
      ),
    ),
  ],
  "spool Lock.with",
);

await row(
  "timeout around a call that ends in time",
  [
    rate("spool timeout", N, async () => {
      for (let i = 0; i < N; i++) await timeout(10, tick);
    }),
    rate("p-timeout", N, async () => {
      for (let i = 0; i < N; i++) await pTimeout(tick(), { milliseconds: 10_000 });
    }),
    rate("Effect.timeout", N, () =>
      Effect.runPromise(
        Effect.gen(function* () {
          const limited = Effect.timeout(effectTick, "10 seconds");
          for (let i = 0; i < N; i++) yield* limited;
        }),
      ),
    ),
  ],
  "spool timeout",
);

await row(
  "work queue, 10 workers",
  [
    rate("spool Queue", N, async () => {
      const queue = new Queue<number>(100);
      await group((g) => {
        for (let i = 0; i < 10; i++) {
          g.spawn(async () => {
            for await (const _ of queue) await tick();
          });
        }
        g.spawn(async () => {
          for (const item of items) await queue.put(item);
          queue.shutdown();
        });
      });
    }),
    rate("p-queue", N, async () => {
      const queue = new PQueue({ concurrency: 10 });
      for (const _ of items) {
        await queue.onSizeLessThan(100);
        void queue.add(tick);
      }
      await queue.onIdle();
    }),
  ],
  "spool Queue",
);

const SLEEPERS = 100_000;
const memory: Record<string, { bytesEach: number; cancelSeconds: number }> = {};

/** Bytes per sleeper while all sleep, and the seconds that cancelling all of them takes. */
async function sleepers(
  name: string,
  begin: (ready: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  let bytesEach = 0;
  let cancelled = 0;
  await begin(async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    globalThis.gc?.();
    const now = process.memoryUsage();
    bytesEach = (now.heapUsed + now.external - before.heapUsed - before.external) / SLEEPERS;
    cancelled = performance.now();
  });
  const cancelSeconds = (performance.now() - cancelled) / 1000;
  memory[name] = { bytesEach: Math.round(bytesEach), cancelSeconds };
  console.log(
    `  ${name.padEnd(28)} ${Math.round(bytesEach)} bytes each, all cancelled in ${cancelSeconds.toFixed(2)} s`,
  );
}

console.log(`\n${SLEEPERS} sleepers`);
await sleepers("promise and timer", async (ready) => {
  const timers: NodeJS.Timeout[] = [];
  const all = Array.from(
    { length: SLEEPERS },
    () => new Promise<void>((resolve) => timers.push(setTimeout(resolve, 1e6))),
  );
  await ready();
  for (const timer of timers) clearTimeout(timer);
  return all.length;
});
await sleepers("spool group", (ready) =>
  group(async (g) => {
    for (let i = 0; i < SLEEPERS; i++) g.spawn(sleep, 1000);
    await ready();
    g.cancel();
  }),
);
await sleepers("effection spawn", (ready) =>
  effectionRun(function* () {
    for (let i = 0; i < SLEEPERS; i++) yield* spawn(() => effectionSleep(1e6));
    yield* call(ready);
  }),
);
await sleepers("Effect fork", (ready) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const fibers = [];
      for (let i = 0; i < SLEEPERS; i++) fibers.push(yield* Effect.forkChild(Effect.sleep("1000 seconds")));
      yield* Effect.promise(ready);
      yield* Fiber.interruptAll(fibers);
    }),
  ),
);

console.log(`\nwritten to ${writeResults("asyncio", tables, { sleepers: memory })}`);
