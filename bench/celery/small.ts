import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue, QueueEvents } from "bullmq";
import { Celery } from "../../src/celery/index.ts";
import type { Contestant } from "../harness.ts";
import { pair } from "./pair.ts";
import { REDIS, fresh } from "./places.ts";
import { pythonClient, startNode } from "./processes.ts";

/** What is no throughput: the rate of sending, the wait for one task, and the cost of doing nothing. */
export const SENT = 2000;
const WAITS = 300;
const IDLE_SECONDS = 10;
const connection = { host: "127.0.0.1", port: 6379, db: 4 };

/** Tasks per second; each, or so many together, is awaited before the next is sent. */
export async function enqueueSpool(
  name: string,
  broker: string,
  { together = 1, confirms = true }: { readonly together?: number; readonly confirms?: boolean } = {},
): Promise<Contestant> {
  const brokerTransportOptions = confirms ? {} : { confirm_publish: false };
  const app = new Celery("client", { broker, backend: REDIS, resultExpires: 300, brokerTransportOptions });
  return {
    name,
    run: async () => {
      const queue = fresh("bench");
      const send = (): PromiseLike<unknown> => app.sendTask("bench.noop", [], { queue, ignoreResult: true });
      await send();
      const started = performance.now();
      for (let i = 1; i < SENT; i += together) await Promise.all(Array.from({ length: together }, send));
      const rate = (SENT - 1) / ((performance.now() - started) / 1000);
      await app.purge(queue);
      return rate;
    },
    close: () => app.close(),
  };
}

export async function enqueuePython(name: string, broker: string, backend: string): Promise<Contestant> {
  const app = new Celery("purger", { broker, backend });
  return {
    name,
    run: async () => {
      const queue = fresh("bench");
      const environment = { BROKER: broker, BACKEND: backend, NODE_NAME: "client" };
      const rate = await pythonClient<number>(["enqueue", queue, String(SENT)], environment);
      await app.purge(queue);
      return rate;
    },
    close: () => app.close(),
  };
}

export async function enqueueBull(): Promise<Contestant> {
  const queue = new Queue(fresh("bench"), { connection });
  return {
    name: "BullMQ",
    run: async () => {
      await queue.add("noop", {});
      const started = performance.now();
      for (let i = 1; i < SENT; i++) await queue.add("noop", {});
      const rate = (SENT - 1) / ((performance.now() - started) / 1000);
      await queue.drain();
      return rate;
    },
    close: async () => {
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
}

/** Something that waits for one task after the other, and says how long each took, in milliseconds. */
export interface Waiter {
  readonly name: string;
  readonly waits: () => Promise<number[]>;
  readonly close: () => Promise<void>;
}

export async function waitSpool(broker: string, backend: string): Promise<Waiter> {
  const { app, take } = await pair("ts", broker, backend);
  const queue = fresh("bench");
  await take(queue);
  return {
    name: "spool",
    waits: () => timed(() => app.sendTask("bench.noop", [], { queue }).get({ timeout: 30 })),
    close: () => app.close(),
  };
}

export async function waitPython(name: string, broker: string, backend: string): Promise<Waiter> {
  const { app, take, environment } = await pair("py", broker, backend);
  const queue = fresh("bench");
  await take(queue);
  return {
    name,
    waits: () => pythonClient<number[]>(["wait", queue, String(WAITS)], environment),
    close: () => app.close(),
  };
}

export async function waitBull(): Promise<Waiter> {
  const name = fresh("bench");
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  await events.waitUntilReady();
  await startNode("bullmq-worker.ts", { QUEUE: name });
  // A job that is removed at once may be gone before it is waited for.
  const options = { removeOnComplete: { count: 1000 } };
  return {
    name: "BullMQ",
    waits: () => timed(async () => (await queue.add("noop", {}, options)).waitUntilFinished(events)),
    close: async () => {
      await queue.obliterate({ force: true });
      await events.close();
      await queue.close();
    },
  };
}

export async function timed(once: () => Promise<unknown>): Promise<number[]> {
  const waits: number[] = [];
  for (let i = 0; i < WAITS; i++) {
    const started = performance.now();
    await once();
    waits.push(performance.now() - started);
  }
  return waits;
}

/** A worker that has nothing to do. */
export interface Idler {
  readonly name: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
}

export async function idleCelery(
  name: string,
  language: "ts" | "py",
  broker: string,
  backend: string,
): Promise<Idler> {
  const { worker, app } = await pair(language, broker, backend);
  return { name, pid: worker.pid!, close: () => app.close() };
}

export async function idleBull(name: string): Promise<Idler> {
  const worker = await startNode("bullmq-worker.ts", { QUEUE: fresh("bench") });
  return { name, pid: worker.pid!, close: async () => {} };
}

/**
 * CPU of workers without work, all processes of each together, in percent of one core: so many samples of ten seconds.
 * They are watched at the same time, as none is in another's way.
 */
export async function watchIdle(idlers: readonly Idler[], samples: number): Promise<number[][]> {
  const used: number[][] = idlers.map(() => []);
  for (let i = 0; i < samples; i++) {
    const before = idlers.map(({ pid }) => cpuSeconds(pid));
    await sleep(IDLE_SECONDS * 1000);
    idlers.forEach(({ pid }, at) => used[at]!.push(((cpuSeconds(pid) - before[at]!) / IDLE_SECONDS) * 100));
  }
  for (const { close } of idlers) await close();
  return used;
}

const TICKS_PER_SECOND = 100;

/** Of the process and its children. */
function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = statOf(name);
    if (stat !== undefined && (Number(name) === pid || Number(stat[1]) === pid))
      ticks += Number(stat[11]) + Number(stat[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** The fields after the name, beginning with the state. */
function statOf(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
