import { measure, summarise, type Contestant, type Table } from "../harness.ts";
import { bullmq, celery, graphile, pgBoss } from "./drain.ts";
import { pair } from "./pair.ts";
import { AMQP, PYTHON, REDIS, ROUNDS, SQLITE } from "./places.ts";
import {
  enqueueBull,
  enqueuePython,
  enqueueSpool,
  idle,
  waitBull,
  waitPython,
  waitSpool,
  type Waiter,
} from "./small.ts";

/** Every table by the name that `SPOOL_BENCH` selects it with. */
export const tables: Readonly<Record<string, () => Promise<Table[]>>> = {
  "redis-stored": () =>
    rates("Redis, results stored", [
      celery("spool", "ts", REDIS, REDIS, false),
      celery(PYTHON, "py", REDIS, REDIS, false),
      bullmq("BullMQ"),
    ]),
  "redis-ignored": () =>
    rates("Redis, results ignored", [
      celery("spool", "ts", REDIS, REDIS, true),
      celery(PYTHON, "py", REDIS, REDIS, true),
    ]),
  "rabbitmq-stored": () =>
    rates("RabbitMQ, results on Redis", [
      celery("spool", "ts", AMQP, REDIS, false),
      celery(PYTHON, "py", AMQP, REDIS, false),
    ]),
  "rabbitmq-ignored": () =>
    rates("RabbitMQ, results ignored", [
      celery("spool", "ts", AMQP, REDIS, true),
      celery(PYTHON, "py", AMQP, REDIS, true),
    ]),
  sqlite: () =>
    rates("Embedded SQLite against PostgreSQL queues", [
      celery("spool, SQLite", "ts", SQLITE, SQLITE, false),
      graphile("graphile-worker"),
      pgBoss("pg-boss"),
    ]),
  "enqueue-redis": () =>
    rates("Enqueue, Redis", [
      enqueueSpool("spool", REDIS),
      enqueueSpool("spool, 100 at a time", REDIS, { together: 100 }),
      enqueuePython(PYTHON, REDIS, REDIS),
      enqueueBull(),
    ]),
  "enqueue-rabbitmq": () =>
    rates("Enqueue, RabbitMQ", [
      enqueueSpool("spool, without confirms as Python", AMQP, { confirms: false }),
      enqueueSpool("spool", AMQP),
      enqueueSpool("spool, 100 at a time", AMQP, { together: 100 }),
      enqueuePython(PYTHON, AMQP, REDIS),
    ]),
  "latency-redis": () =>
    latency("Redis", [waitSpool(REDIS, REDIS), waitPython(PYTHON, REDIS, REDIS), waitBull()]),
  "latency-rabbitmq": () => latency("RabbitMQ", [waitSpool(AMQP, REDIS), waitPython(PYTHON, AMQP, REDIS)]),
  idle: async () => [
    await measure(
      "CPU of an idle worker",
      await present([
        pair("ts", REDIS, REDIS).then((one) => idle("spool, Redis", one)),
        pair("ts", AMQP, REDIS).then((one) => idle("spool, RabbitMQ", one)),
        pair("ts", SQLITE, SQLITE).then((one) => idle("spool, SQLite", one)),
        pair("py", REDIS, REDIS).then((one) => idle(`${PYTHON}, Redis`, one)),
        pair("py", AMQP, REDIS).then((one) => idle(`${PYTHON}, RabbitMQ`, one)),
      ]),
      { unit: "% of a core", rounds: ROUNDS, warmup: 1 },
    ),
  ],
};

async function rates(title: string, contestants: readonly Promise<Contestant>[]): Promise<Table[]> {
  return [await measure(title, await present(contestants), { unit: "tasks/s", rounds: ROUNDS })];
}

/** The median and the hundredth-worst of all waits of all rounds but the first. */
async function latency(place: string, starting: readonly Promise<Waiter>[]): Promise<Table[]> {
  const waiters = await present(starting);
  const samples = new Map(waiters.map(({ name }) => [name, { p50: [] as number[], p99: [] as number[] }]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (let turn = 0; turn < waiters.length; turn++) {
      const { name, waits } = waiters[(turn + round) % waiters.length]!;
      const sorted = (await waits()).toSorted((a, b) => a - b);
      if (round === 0) continue;
      samples.get(name)!.p50.push(sorted[Math.floor(sorted.length * 0.5)]!);
      samples.get(name)!.p99.push(sorted[Math.floor(sorted.length * 0.99)]!);
    }
  }
  for (const { close } of waiters) await close();
  return (["p50", "p99"] as const).map((which) => ({
    title: `${place}, from delay to result, ${which}`,
    unit: "ms",
    rounds: ROUNDS,
    figures: waiters.map(({ name }) => summarise(name, samples.get(name)![which])),
  }));
}

/** A peer whose service is absent is left out, and said to be. */
async function present<T>(starting: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(starting);
  for (const one of settled)
    if (one.status === "rejected") console.log(`left out: ${String(one.reason).slice(0, 300)}`);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}
