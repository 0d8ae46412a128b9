import { Celery } from "../../src/celery/index.ts";

/** The worker process of the Celery benchmark: a no-op task, told by the parent which queues to take from. */
const { BROKER = "", BACKEND = "", NODE_NAME = "bench@ts", CONCURRENCY = "50" } = process.env;
const app = new Celery("bench", { broker: BROKER, backend: BACKEND, taskDefaultQueue: `${NODE_NAME}.idle` });
app.task("bench.noop", () => null);
const worker = app.worker({ hostname: NODE_NAME, concurrency: Number(CONCURRENCY), log: () => {} });
await worker.start();
process.stdout.write("ready\n");
process.on("SIGTERM", () => void worker.stop().then(() => app.close()));
