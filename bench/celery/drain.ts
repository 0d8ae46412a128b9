import { Queue, QueueEvents } from "bullmq";
import { run as runGraphile, makeWorkerUtils } from "graphile-worker";
import PgBoss from "pg-boss";
import type { Contestant } from "../harness.ts";
import { pair } from "./pair.ts";
import { POSTGRES, TASKS, fresh } from "./places.ts";
import { startNode } from "./processes.ts";

/** Tasks per second from a full queue to the last result. */
export async function celery(
  name: string,
  language: "ts" | "py",
  broker: string,
  backend: string,
  ignoreResult: boolean,
): Promise<Contestant> {
  const { app, take, leave } = await pair(language, broker, backend);
  return {
    name,
    run: async () => {
      const queue = fresh("bench");
      await Promise.all(
        Array.from({ length: TASKS - 1 }, () => app.sendTask("bench.noop", [], { queue, ignoreResult })),
      );
      const last = await app.sendTask("bench.noop", [], { queue });
      const started = performance.now();
      await take(queue);
      await last.get({ timeout: 120 });
      const seconds = (performance.now() - started) / 1000;
      await leave(queue);
      await app.purge(queue);
      return TASKS / seconds;
    },
    close: () => app.close(),
  };
}

export async function bullmq(name: string, concurrency = 50): Promise<Contestant> {
  const queueName = fresh("bench");
  const connection = { host: "127.0.0.1", port: 6379, db: 4 };
  const queue = new Queue(queueName, { connection });
  const events = new QueueEvents(queueName, { connection });
  await events.waitUntilReady();
  await startNode("bullmq-worker.ts", { QUEUE: queueName, CONCURRENCY: String(concurrency) });
  return {
    name,
    run: async () => {
      await queue.pause();
      const opts = { removeOnComplete: true };
      await queue.addBulk(Array.from({ length: TASKS - 1 }, () => ({ name: "noop", data: {}, opts })));
      const last = await queue.add("noop", {}, opts);
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

/** Its worker runs in this process, as its manual shows. */
export async function graphile(name: string): Promise<Contestant> {
  const schema = fresh("bench_graphile").replaceAll("-", "_");
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

/** Its worker runs in this process, as its manual shows. */
export async function pgBoss(name: string): Promise<Contestant> {
  const schema = fresh("bench_boss").replaceAll("-", "_");
  const boss = new PgBoss({ connectionString: POSTGRES, schema });
  await boss.start();
  return {
    name,
    run: async () => {
      const queue = fresh("q");
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
