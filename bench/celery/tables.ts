import { measure, summarise, type Contestant, type Figure } from "../harness.ts";
import type { Target } from "../support/targets.ts";
import { BARE, waitBare } from "./bare.ts";
import { BARE_RABBIT, drainRabbit, enqueueRabbit } from "./bare-rabbit.ts";
import { bullmq, celery, graphile, pgBoss } from "./drain.ts";
import { AMQP, PYTHON, REDIS, ROUNDS, SQLITE } from "./places.ts";
import {
  enqueueBull,
  enqueuePython,
  enqueueSpool,
  idleBull,
  idleCelery,
  waitBull,
  waitPython,
  waitSpool,
  watchIdle,
  type Waiter,
} from "./small.ts";

/** One table: what is measured, who takes part, what we ask of ourselves. */
export interface TableSpec {
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly figures: () => Promise<readonly Figure[]>;
  readonly targets: readonly Target[];
}

const atLeast = (factor: number, peer: string, subject = "spool"): Target => ({
  subject,
  peers: peer,
  against: (name) => name === peer,
  atLeast: factor,
});

/** Every table by its key, with which `SPOOL_BENCH` selects it and documents quote it. */
export const tables: Readonly<Record<string, TableSpec>> = {
  "redis-stored": rate(
    "Redis, results stored",
    () => [
      celery("spool", "ts", REDIS, REDIS, false),
      celery(PYTHON, "py", REDIS, REDIS, false),
      bullmq("BullMQ"),
    ],
    [atLeast(8, PYTHON), atLeast(1.5, "BullMQ")],
  ),
  "redis-ignored": rate(
    "Redis, results ignored",
    () => [celery("spool", "ts", REDIS, REDIS, true), celery(PYTHON, "py", REDIS, REDIS, true)],
    [atLeast(8, PYTHON)],
  ),
  "rabbitmq-stored": rate(
    "RabbitMQ, results on Redis",
    () => [celery("spool", "ts", AMQP, REDIS, false), celery(PYTHON, "py", AMQP, REDIS, false)],
    [atLeast(8, PYTHON)],
  ),
  "rabbitmq-ignored": rate(
    "RabbitMQ, results ignored",
    () => [celery("spool", "ts", AMQP, REDIS, true), celery(PYTHON, "py", AMQP, REDIS, true), drainRabbit()],
    [{ ...atLeast(8, PYTHON), limit: `see the row "${BARE_RABBIT}"` }],
  ),
  sqlite: rate(
    "Embedded SQLite, results stored, against queues on PostgreSQL",
    () => [celery("spool", "ts", SQLITE, SQLITE, false), graphile("graphile-worker"), pgBoss("pg-boss")],
    [atLeast(1, "graphile-worker"), atLeast(1, "pg-boss")],
  ),
  "enqueue-redis": rate(
    "Enqueue, Redis",
    () => [
      enqueueSpool("spool", REDIS),
      enqueueSpool("spool, 100 at a time", REDIS, { together: 100 }),
      enqueuePython(PYTHON, REDIS, REDIS),
      enqueueBull(),
    ],
    [atLeast(8, PYTHON, "spool, 100 at a time"), atLeast(1.5, "BullMQ")],
  ),
  "enqueue-rabbitmq": rate(
    "Enqueue, RabbitMQ",
    () => [
      enqueueSpool("spool", AMQP),
      enqueueSpool("spool, without confirms as Python", AMQP, { confirms: false }),
      enqueueSpool("spool, 100 at a time", AMQP, { together: 100 }),
      enqueuePython(PYTHON, AMQP, REDIS),
      enqueueRabbit(),
    ],
    [atLeast(8, PYTHON, "spool, without confirms as Python")],
  ),
  ...waits("latency-redis", "Redis", () => [
    waitSpool(REDIS, REDIS),
    waitPython(PYTHON, REDIS, REDIS),
    waitBull(),
    waitBare(REDIS),
  ]),
  ...waits("latency-rabbitmq", "RabbitMQ", () => [
    waitSpool(AMQP, REDIS),
    waitPython(PYTHON, AMQP, REDIS),
    waitBare(AMQP),
  ]),
  idle: {
    title: "CPU of a worker without work, over ten seconds",
    unit: "% of a core",
    better: "lower",
    figures: async () => {
      const idlers = await present([
        idleCelery("spool, Redis", "ts", REDIS, REDIS),
        idleCelery("spool, RabbitMQ", "ts", AMQP, REDIS),
        idleCelery("spool, SQLite", "ts", SQLITE, SQLITE),
        idleCelery(`${PYTHON}, Redis`, "py", REDIS, REDIS),
        idleCelery(`${PYTHON}, RabbitMQ`, "py", AMQP, REDIS),
        idleBull("BullMQ"),
      ]);
      const used = await watchIdle(idlers, ROUNDS);
      return idlers.map(({ name }, at) => summarise(name, used[at]!));
    },
    targets: ["Redis", "RabbitMQ", "SQLite"].map((place) => ({ subject: `spool, ${place}`, atMost: 1 })),
  },
};

function rate(
  title: string,
  starting: () => readonly Promise<Contestant>[],
  targets: readonly Target[],
): TableSpec {
  return { title, unit: "tasks/s", better: "higher", figures: () => turns(starting()), targets };
}

async function turns(starting: readonly Promise<Contestant>[]): Promise<readonly Figure[]> {
  return (await measure("", await present(starting), { unit: "", rounds: ROUNDS })).figures;
}

/** Two tables of one kind of measurement: the median of a round's waits, and the hundredth-worst. */
function waits(
  key: string,
  place: string,
  starting: () => readonly Promise<Waiter>[],
): Record<string, TableSpec> {
  const table = (name: string, at: number): TableSpec => ({
    title: `${place}, from delay to result, ${name}`,
    unit: "ms",
    better: "lower",
    figures: () => waitTurns(starting(), at),
    targets: [{ ...atLeast(8, PYTHON), limit: `see the row "${BARE}"` }],
  });
  return { [`${key}-p50`]: table("p50", 0.5), [`${key}-p99`]: table("p99", 0.99) };
}

async function waitTurns(starting: readonly Promise<Waiter>[], at: number): Promise<readonly Figure[]> {
  const contestants = (await present(starting)).map(({ name, waits: measureWaits, close }) => ({
    name,
    run: async () => {
      const sorted = (await measureWaits()).toSorted((a, b) => a - b);
      return sorted[Math.floor(sorted.length * at)]!;
    },
    close,
  }));
  const { figures } = await measure("", contestants, { unit: "", rounds: ROUNDS });
  return figures.map(({ name, samples }) => summarise(name, samples));
}

/** A peer whose service is absent is left out, and said to be. */
async function present<T>(starting: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(starting);
  for (const one of settled)
    if (one.status === "rejected") console.log(`left out: ${String(one.reason).slice(0, 300)}`);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}
