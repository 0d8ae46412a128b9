import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Celery } from "spool/celery";

/**
 * The app whose workers are killed. Each run notes its beginning and its end, and the worker its acknowledgement, so that
 * every second run can be explained.
 */
const { BROKER = "memory://", BACKEND = "memory://", QUEUE = "celery", RUNS = "/dev/null" } = process.env;

export const app: Celery = new Celery("chaos", {
  broker: BROKER,
  backend: BACKEND,
  taskDefaultQueue: QUEUE,
  include: [import.meta.url],
  leaseSeconds: 5,
  resultExpires: 600,
});

/** What the tasks do between their two notes, in milliseconds; Python's app sleeps as long. */
const WORK_MS = 5;

function note(mark: "S" | "E" | "A", id: unknown): void {
  appendFileSync(RUNS, `${mark} ${String(id)} ${process.pid} ${process.ppid} ${Date.now()}\n`);
}

app.task("chaos.add", async (id: number, more: number) => {
  note("S", id);
  await sleep(WORK_MS);
  note("E", id);
  return id + more;
});

app.task("chaos.sum", (numbers: number[]) => numbers.reduce((a, b) => a + b, 0));

/** The tasks' ids are their first arguments. */
async function noteAcknowledgements(): Promise<void> {
  const broker = await app.runtime.connections.broker();
  const consume = broker.consume.bind(broker);
  broker.consume = (options) =>
    consume({
      ...options,
      onDelivery: (delivery) => {
        const ack = (): void => {
          const [args] = JSON.parse(Buffer.from(delivery.message.body).toString()) as [unknown[]];
          note("A", args[0]);
          delivery.ack();
        };
        options.onDelivery({ ...delivery, ack });
      },
    });
}

if (import.meta.main) {
  await noteAcknowledgements();
  const worker = app.worker({
    hostname: `chaos${process.pid}@spool`,
    pool: "processes",
    concurrency: 4,
    log: () => {},
  });
  await worker.start();
  process.stdout.write("ready\n");
  process.on("SIGTERM", () => void worker.stop().then(() => app.close()));
}
