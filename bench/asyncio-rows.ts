import { Mutex, Semaphore as MutexSemaphore } from "async-mutex";
import { Sema } from "async-sema";
import { Effect, Queue as EffectQueue, Fiber, Semaphore as EffectSemaphore } from "effect";
import {
  type Operation,
  all as effectionAll,
  call,
  createQueue,
  race as effectionRace,
  run as effectionRun,
  sleep as effectionSleep,
  spawn,
} from "effection";
import pLimit from "p-limit";
import pMap from "p-map";
import PQueue from "p-queue";
import pTimeout from "p-timeout";
import { CapacityLimiter, Lock, Queue, gather, group, mapLimit, timeout } from "../src/asyncio/index.ts";
import { type Row, WAIT, bare, items, rate, targetsOf, thousand, tick } from "./asyncio/work.ts";

/**
 * The rows of asyncio.ts that count calls. What a library lacks is written with its own means where that takes a few
 * lines: effection has no limiter and no lock, but a queue of tokens is both.
 */
const effectTick = Effect.promise(tick);

/** `fn` with `sema` held: what its users write. */
async function withSema<T>(sema: Sema, fn: () => Promise<T>): Promise<T> {
  await sema.acquire();
  try {
    return await fn();
  } finally {
    sema.release();
  }
}

function* atOnce(count: number, operation: () => Operation<unknown>): Operation<void> {
  const tasks = [];
  for (let i = 0; i < count; i++) tasks.push(yield* spawn(operation));
  for (const task of tasks) yield* task;
}

/** Effection's calls of `tick`, `count` at once, each holding one of `tokens`. */
function effectionTokens(count: number, tokens: number): () => Operation<void> {
  return function* () {
    const free = createQueue<number, never>();
    for (let i = 0; i < tokens; i++) free.add(i);
    yield* atOnce(count, function* () {
      const token = (yield* free.next()).value as number;
      try {
        yield* call(tick);
      } finally {
        free.add(token);
      }
    });
  };
}

const effectTokens = (count: number, tokens: number): Effect.Effect<unknown> =>
  Effect.gen(function* () {
    const semaphore = yield* EffectSemaphore.make(tokens);
    const held = semaphore.withPermits(1)(effectTick);
    yield* Effect.forEach(items.slice(0, count), () => held, { concurrency: "unbounded", discard: true });
  });

export const rows: Record<string, Row> = {
  gather: {
    title: "1,000 calls at once",
    reference: "spool gather",
    targets: targetsOf("spool gather", true),
    contestants: () => [
      rate("spool gather", 1000, () => gather(thousand)),
      rate("p-map", 1000, () => pMap(thousand, (fn) => fn())),
      rate("Promise.all (no cancellation)", 1000, () => Promise.all(thousand.map((fn) => fn()))),
      rate("effection all(call)", 1000, () =>
        effectionRun(() => effectionAll(thousand.map((fn) => call(fn)))),
      ),
      rate("Effect.forEach unbounded", 1000, () =>
        Effect.runPromise(Effect.forEach(thousand, () => effectTick, { concurrency: "unbounded" })),
      ),
    ],
  },
  tasks: {
    title: "1,000 tasks, each with a handle to cancel it",
    reference: "spool group + spawn",
    targets: targetsOf("spool group + spawn"),
    contestants: () => [
      rate("spool group + spawn", 1000, () =>
        group((g) => {
          for (const fn of thousand) g.spawn(fn);
        }),
      ),
      rate("effection spawn", 1000, () => effectionRun(() => atOnce(1000, () => call(tick)))),
      rate("Effect fork", 1000, () =>
        Effect.runPromise(
          Effect.gen(function* () {
            const fibers = [];
            for (let i = 0; i < 1000; i++) fibers.push(yield* Effect.forkChild(effectTick));
            for (const fiber of fibers) yield* Fiber.join(fiber);
          }),
        ),
      ),
    ],
  },
  map: {
    title: "map over 5,000 items, 10 at a time",
    reference: "spool mapLimit",
    targets: targetsOf("spool mapLimit", true),
    contestants: () => [
      rate("spool mapLimit", 5000, () => mapLimit(items, 10, tick)),
      rate("p-map", 5000, () => pMap(items, tick, { concurrency: 10 })),
      rate("p-limit map", 5000, () => pLimit(10).map(items, tick)),
      rate("p-queue addAll", 5000, () => new PQueue({ concurrency: 10 }).addAll(items.map(() => tick))),
      rate("effection, 10 loops", 5000, () =>
        effectionRun(() => {
          const rest = items.values();
          return atOnce(10, function* () {
            for (const _ of rest) yield* call(tick);
          });
        }),
      ),
      rate("Effect.forEach", 5000, () =>
        Effect.runPromise(Effect.forEach(items, () => effectTick, { concurrency: 10 })),
      ),
    ],
  },
  limiter: {
    title: "limiter of 10 tokens, 5,000 calls at once",
    reference: "spool CapacityLimiter",
    targets: targetsOf("spool CapacityLimiter", true, WAIT),
    contestants: () => [
      rate("spool CapacityLimiter", 5000, () => {
        const limiter = new CapacityLimiter(10);
        return Promise.all(items.map(() => limiter.run(tick)));
      }),
      rate("p-limit", 5000, () => {
        const limit = pLimit(10);
        return Promise.all(items.map(() => limit(tick)));
      }),
      rate("p-queue", 5000, () => {
        const queue = new PQueue({ concurrency: 10 });
        return Promise.all(items.map(() => queue.add(tick)));
      }),
      rate("async-sema", 5000, () => {
        const sema = new Sema(10, { capacity: items.length });
        return Promise.all(items.map(() => withSema(sema, tick)));
      }),
      rate("async-mutex Semaphore", 5000, () => {
        const semaphore = new MutexSemaphore(10);
        return Promise.all(items.map(() => semaphore.runExclusive(tick)));
      }),
      bare(5000),
      rate("effection, queue of tokens", 5000, () => effectionRun(effectionTokens(5000, 10))),
      rate("Effect Semaphore", 5000, () => Effect.runPromise(effectTokens(5000, 10))),
    ],
  },
  lock: {
    title: "lock, 1,000 calls at once",
    reference: "spool Lock.with",
    targets: targetsOf("spool Lock.with", true, WAIT),
    contestants: () => [
      rate("spool Lock.with", 1000, () => {
        const lock = new Lock();
        return Promise.all(thousand.map((fn) => lock.with(fn)));
      }),
      rate("async-mutex runExclusive", 1000, () => {
        const mutex = new Mutex();
        return Promise.all(thousand.map((fn) => mutex.runExclusive(fn)));
      }),
      rate("async-sema (1)", 1000, () => {
        const sema = new Sema(1, { capacity: 1000 });
        return Promise.all(thousand.map((fn) => withSema(sema, fn)));
      }),
      rate("p-limit (1)", 1000, () => {
        const limit = pLimit(1);
        return Promise.all(thousand.map((fn) => limit(fn)));
      }),
      bare(1000),
      rate("effection, one token", 1000, () => effectionRun(effectionTokens(1000, 1))),
      rate("Effect Semaphore (1)", 1000, () => Effect.runPromise(effectTokens(1000, 1))),
    ],
  },
  timeout: {
    title: "time limit around a call that ends in time",
    reference: "spool timeout",
    targets: targetsOf("spool timeout", true),
    contestants: () => [
      rate("spool timeout", 1000, async () => {
        for (let i = 0; i < 1000; i++) await timeout(10, tick);
      }),
      rate("p-timeout", 1000, async () => {
        for (let i = 0; i < 1000; i++) await pTimeout(tick(), { milliseconds: 10_000 });
      }),
      rate("effection race(sleep, call)", 1000, () =>
        effectionRun(function* () {
          for (let i = 0; i < 1000; i++) yield* effectionRace([effectionSleep(10_000), call(tick)]);
        }),
      ),
      rate("Effect.timeout", 1000, () =>
        Effect.runPromise(
          Effect.gen(function* () {
            const limited = Effect.timeout(effectTick, "10 seconds");
            for (let i = 0; i < 1000; i++) yield* limited;
          }),
        ),
      ),
    ],
  },
  queue: {
    title: "queue of at most 100 items, 10 workers, 5,000 items",
    reference: "spool Queue",
    targets: targetsOf("spool Queue", true),
    contestants: () => [
      rate("spool Queue", 5000, async () => {
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
      rate("p-queue", 5000, async () => {
        const queue = new PQueue({ concurrency: 10 });
        for (const _ of items) {
          if (queue.size >= 100) await queue.onSizeLessThan(100);
          void queue.add(tick);
        }
        await queue.onIdle();
      }),
      rate("effection createQueue (unbounded)", 5000, () =>
        effectionRun(function* () {
          const queue = createQueue<number, void>();
          const workers = yield* spawn(() =>
            atOnce(10, function* () {
              while (!(yield* queue.next()).done) yield* call(tick);
            }),
          );
          for (const item of items) queue.add(item);
          // One end per worker.
          for (let i = 0; i < 10; i++) queue.close();
          yield* workers;
        }),
      ),
      rate("Effect Queue", 5000, () =>
        Effect.runPromise(
          Effect.gen(function* () {
            const queue = yield* EffectQueue.bounded<number>(100);
            const fibers = [];
            for (let i = 0; i < 10; i++) {
              const worker = Effect.gen(function* () {
                while ((yield* EffectQueue.take(queue)) >= 0) yield* effectTick;
              });
              fibers.push(yield* Effect.forkChild(worker));
            }
            for (const item of items) yield* EffectQueue.offer(queue, item);
            for (const _ of fibers) yield* EffectQueue.offer(queue, -1);
            for (const fiber of fibers) yield* Fiber.join(fiber);
          }),
        ),
      ),
    ],
  },
};
