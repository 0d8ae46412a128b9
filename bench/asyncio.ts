import { Effect, Fiber } from "effect";
import { call, run as effectionRun, sleep as effectionSleep, spawn } from "effection";
import { group, sleep } from "../src/asyncio/index.ts";
import { rows } from "./asyncio-rows.ts";
import { targetsOf } from "./asyncio/work.ts";
import { type Contestant, machine, summarise } from "./harness.ts";
import { Tables } from "./tables.ts";

/**
 * Overheads of structured concurrency beside the libraries that do one part of it, and beside effection and Effect,
 * which do the whole. The work is one microtask per call, so that nothing but the overhead is measured.
 *
 *   npm run bench asyncio                  everything, about three minutes
 *   npm run bench asyncio lock timeout     some tables; the others stay as they were
 */
const HOUR = 3600;
const SPOOL = "spool group";

const keys = [...Object.keys(rows), "memory", "cancel", "sleep"];
const unknown = process.env["SPOOL_BENCH"]?.split(",").filter((key) => !keys.includes(key)) ?? [];
if (unknown.length > 0) {
  throw new Error(`There is no table ${unknown.join(", ")}; there are: ${keys.join(", ")}`);
}

const tables = new Tables("asyncio");
for (const [key, { title, reference, contestants, targets }] of Object.entries(rows)) {
  const options = { unit: "calls per CPU-second", rounds: 7, reference, targets };
  await tables.add(key, title, contestants(), options);
}
if (tables.isWanted("memory") || tables.isWanted("cancel")) await sleepers();
await tables.add("sleep", "50 tasks that sleep 2 s", fifty(), {
  unit: "seconds",
  better: "lower",
  rounds: 2,
  reference: SPOOL,
  targets: [{ subject: SPOOL, atMost: 2.1 }],
});

interface Sleeping {
  readonly name: string;
  /** Begins `count` sleepers, awaits `ready` and then cancels them all. */
  readonly begin: (count: number, ready: () => Promise<void>) => Promise<unknown>;
}

function sleeping(): Sleeping[] {
  return [
    {
      name: "spool group",
      begin: (count, ready) =>
        group(async (g) => {
          for (let i = 0; i < count; i++) g.spawn(sleep, HOUR);
          await ready();
          g.cancel();
        }),
    },
    {
      name: "promise and timer (no cancellation)",
      begin: async (count, ready) => {
        const timers: NodeJS.Timeout[] = [];
        const hold = Array.from(
          { length: count },
          () => new Promise<void>((resolve) => timers.push(setTimeout(resolve, HOUR * 1000))),
        );
        await ready();
        for (const timer of timers) clearTimeout(timer);
        return hold;
      },
    },
    {
      name: "effection spawn",
      begin: (count, ready) =>
        effectionRun(function* () {
          for (let i = 0; i < count; i++) yield* spawn(() => effectionSleep(HOUR * 1000));
          yield* call(ready);
        }),
    },
    {
      name: "Effect fork",
      begin: (count, ready) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const fibers = [];
            for (let i = 0; i < count; i++) fibers.push(yield* Effect.forkChild(Effect.sleep("1 hour")));
            yield* Effect.promise(ready);
            yield* Fiber.interruptAll(fibers);
          }),
        ),
    },
  ];
}

/** What a task costs while it waits, and how long it takes to stop them all. */
async function sleepers(): Promise<void> {
  const at = machine();
  const count = 100_000;
  const rounds = 3;
  const bytes = new Map<string, number[]>();
  const seconds = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name, begin } of sleeping()) {
      globalThis.gc?.();
      const before = inUse();
      let cancelled = 0;
      await begin(count, async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        globalThis.gc?.();
        bytes.set(name, [...(bytes.get(name) ?? []), (inUse() - before) / count]);
        cancelled = performance.now();
      });
      seconds.set(name, [...(seconds.get(name) ?? []), (performance.now() - cancelled) / 1000]);
    }
  }
  const put = (key: string, title: string, unit: string, samples: Map<string, number[]>): void => {
    const figures = [...samples].map(([name, all]) => summarise(name, all));
    const table = { key, title, unit, better: "lower" as const, rounds, figures, machine: at };
    if (tables.isWanted(key)) tables.put(table, targetsOf(SPOOL), SPOOL);
  };
  put("memory", "memory of 100,000 sleeping tasks", "bytes per task", bytes);
  put("cancel", "cancelling 100,000 sleeping tasks", "seconds", seconds);
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The tutorials' example: waits overlap, so that all of them together take as long as one. */
function fifty(): Contestant[] {
  const fifty = Array.from({ length: 50 });
  const timed = (name: string, work: () => Promise<unknown>): Contestant => ({
    name,
    run: async () => {
      globalThis.gc?.();
      const start = performance.now();
      await work();
      return (performance.now() - start) / 1000;
    },
  });
  return [
    timed("spool group", () =>
      group((g) => {
        for (const _ of fifty) g.spawn(sleep, 2);
      }),
    ),
    timed("Promise.all and timers", () =>
      Promise.all(fifty.map(() => new Promise((resolve) => setTimeout(resolve, 2000)))),
    ),
    timed("effection spawn", () =>
      effectionRun(function* () {
        const tasks = [];
        for (const _ of fifty) tasks.push(yield* spawn(() => effectionSleep(2000)));
        for (const task of tasks) yield* task;
      }),
    ),
    timed("Effect.forEach", () =>
      Effect.runPromise(Effect.forEach(fifty, () => Effect.sleep("2 seconds"), { concurrency: "unbounded" })),
    ),
  ];
}
