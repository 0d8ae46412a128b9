import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue, QueueEvents } from "bullmq";
import { run as runGraphile, makeWorkerUtils } from "graphile-worker";
import PgBoss from "pg-boss";
import { Celery } from "../src/celery/index.ts";
import { measure, printTable, writeResults, type Contestant, type Table } from "./harness.ts";

/**
 * No-op tasks from end to end: a queue is filled while nobody takes from it, then a worker in a process of its own is
 * told to, and the clock runs until the last result is there. Python runs prefork with two processes; BullMQ and this
 * package run 50 at once in one process.
 */
const TASKS = Number(process.env["BENCH_TASKS"] ?? 5000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
const REDIS = "redis://127.0.0.1:6379/4";
const AMQP = "amqp://guest:guest@127.0.0.1:5672//";
const POSTGRES = process.env["BENCH_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/postgres";
const sqlite = join(tmpdir(), `spool-bench-${process.pid}.db`);
const children: ChildProcess[] = [];
let serial = 0;
process.on("SIGTERM", () => process.exit(1));
process.on("exit", () => children.forEach((one) => one.kill("SIGTERM")));

async function child(
  command: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<void> {
  const spawned = spawn(command, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, C_FORCE_ROOT: "1", PYTHONUNBUFFERED: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(spawned);
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      if (ready.test(output)) resolve();
    };
    spawned.stdout.on("data", look);
    spawned.stderr.on("data", look);
    spawned.once("exit", () => reject(new Error(output)));
  });
}

const node = (file: string, environment: NodeJS.ProcessEnv): Promise<void> =>
  child(
    process.execPath,
    ["--conditions=spool-source", "--no-warnings", join(import.meta.dirname, file)],
    environment,
    /ready/,
  );

/** Both Celerys by the same client: only the worker differs. */
async function celery(
  name: string,
  broker: string,
  backend: string,
  language: "ts" | "py",
  ignoreResult: boolean,
): Promise<Contestant> {
  const nodeName = `bench${++serial}-${process.pid}@${language}`;
  const environment = { BROKER: broker, BACKEND: backend, NODE_NAME: nodeName };
  if (language === "ts") await node("celery-worker.ts", environment);
  else {
    const args = [
      "-m",
      "celery",
      "-A",
      "celery_app",
      "worker",
      "-c",
      "2",
      "-n",
      nodeName,
      "-Q",
      `${nodeName}.idle`,
    ];
    await child(
      "/usr/bin/python3",
      [...args, "--without-gossip", "--without-mingle"],
      { ...environment, PATH: "/usr/bin:/bin" },
      /\[tasks\]|transport:/,
    );
  }
  const app = new Celery("client", { broker, backend, resultExpires: 300 });
  // Python says that it is ready only at a log level that would cost it speed, so it is asked.
  for (let tries = 0; tries < 20; tries++) {
    const answers = await app.control.ping({ destination: [nodeName], timeout: 3 });
    if (nodeName in answers) break;
  }
  return {
    name,
    run: async () => {
      const queue = `bench-${process.pid}-${++serial}`;
      const sent = Array.from({ length: TASKS - 1 }, () =>
        app.sendTask("bench.noop", [], { queue, ignoreResult }),
      );
      await Promise.all(sent);
      const last = await app.sendTask("bench.noop", [], { queue });
      const started = performance.now();
      await app.control.addConsumer(queue, { destination: [nodeName], timeout: 20 });
      await last.get({ timeout: 120 });
      const seconds = (performance.now() - started) / 1000;
      await app.control.cancelConsumer(queue, { destination: [nodeName], timeout: 20 });
      await app.purge(queue);
      return TASKS / seconds;
    },
    close: () => app.close(),
  };
}

async function bullmq(name: string): Promise<Contestant> {
  const queueName = `bench-${process.pid}-${++serial}`;
  const connection = { host: "127.0.0.1", port: 6379, db: 4 };
  const queue = new Queue(queueName, { connection });
  const events = new QueueEvents(queueName, { connection });
  await events.waitUntilReady();
  await node("bullmq-worker.ts", { QUEUE: queueName });
  return {
    name,
    run: async () => {
      await queue.pause();
      const options = { removeOnComplete: true };
      await queue.addBulk(
        Array.from({ length: TASKS - 1 }, () => ({ name: "noop", data: {}, opts: options })),
      );
      const last = await queue.add("noop", {}, options);
      const done = last.waitUntilFinished(events);
      const started = performance.now();
      await queue.resume();
      await done;
      return TASKS / ((performance.now() - started) / 1000);
    },
    close: async () => {
      await queue.obliterate({ force: true });
      await events.close();
      await queue.close();
    },
  };
}

/** Both run their workers in this process, as their manuals show. */
async function graphile(name: string): Promise<Contestant> {
  const schema = `bench_graphile_${process.pid}`;
  const utils = await makeWorkerUtils({ connectionString: POSTGRES, schema });
  await utils.migrate();
  return {
    name,
    run: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let left = TASKS;
      await Promise.all(Array.from({ length: TASKS }, () => utils.addJob("noop", {})));
      const started = performance.now();
      const runner = await runGraphile({
        connectionString: POSTGRES,
        schema,
        concurrency: 50,
        noHandleSignals: true,
        logger: quiet as never,
        taskList: { noop: async () => void (--left === 0 && resolve()) },
      });
      await promise;
      const rate = TASKS / ((performance.now() - started) / 1000);
      await runner.stop();
      return rate;
    },
    close: async () => {
      await utils.withPgClient((client) => client.query(`DROP SCHEMA ${schema} CASCADE`));
      await utils.release();
    },
  };
}

const quiet = { error() {}, warn() {}, info() {}, debug() {}, scope: () => quiet };

async function pgBoss(name: string): Promise<Contestant> {
  const schema = `bench_boss_${process.pid}`;
  const boss = new PgBoss({ connectionString: POSTGRES, schema });
  await boss.start();
  return {
    name,
    run: async () => {
      const queue = `q${++serial}`;
      await boss.createQueue(queue);
      await boss.insert(Array.from({ length: TASKS }, () => ({ name: queue, data: {} })));
      const { promise, resolve } = Promise.withResolvers<void>();
      let left = TASKS;
      const started = performance.now();
      await boss.work(queue, { batchSize: 500, pollingIntervalSeconds: 0.5 }, async (jobs) => {
        left -= jobs.length;
        if (left <= 0) resolve();
      });
      await promise;
      const rate = TASKS / ((performance.now() - started) / 1000);
      await boss.offWork(queue);
      return rate;
    },
    close: async () => {
      await boss.getDb().executeSql(`DROP SCHEMA ${schema} CASCADE`, []);
      await boss.stop({ graceful: false });
    },
  };
}

/** A peer whose service is absent is left out, and said to be. */
async function present(contestants: readonly Promise<Contestant>[]): Promise<Contestant[]> {
  const settled = await Promise.allSettled(contestants);
  for (const one of settled)
    if (one.status === "rejected") console.log(`left out: ${String(one.reason).slice(0, 300)}`);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

const options = { unit: "tasks/s", rounds: ROUNDS };

async function table(title: string, contestants: readonly Promise<Contestant>[]): Promise<Table> {
  const measured = await measure(title, await present(contestants), options);
  printTable(measured);
  await dismiss();
  return measured;
}

/** Workers of one table are gone before the next, so that idle ones do not take part. */
async function dismiss(): Promise<void> {
  for (const one of children.splice(0)) {
    const exited = once(one, "exit");
    one.kill("SIGTERM");
    await exited;
  }
}

const python = "Python Celery prefork -c 2";
const tables = [
  await table("Redis, results stored", [
    celery("spool", REDIS, REDIS, "ts", false),
    celery(python, REDIS, REDIS, "py", false),
    bullmq("BullMQ"),
  ]),
  await table("RabbitMQ, results on Redis", [
    celery("spool", AMQP, REDIS, "ts", false),
    celery(python, AMQP, REDIS, "py", false),
  ]),
  await table("Embedded SQLite against PostgreSQL queues", [
    celery("spool, SQLite", `sqlite://${sqlite}`, `sqlite://${sqlite}`, "ts", false),
    graphile("graphile-worker"),
    pgBoss("pg-boss"),
  ]),
  await table("Redis, results ignored", [
    celery("spool", REDIS, REDIS, "ts", true),
    celery(python, REDIS, REDIS, "py", true),
  ]),
  await table("RabbitMQ, results ignored", [
    celery("spool", AMQP, REDIS, "ts", true),
    celery(python, AMQP, REDIS, "py", true),
  ]),
];
console.log(`\nwritten to ${writeResults("celery", tables, { tasks: TASKS })}`);
for (const suffix of ["", "-wal", "-shm"]) rmSync(sqlite + suffix, { force: true });
process.exit(0);
