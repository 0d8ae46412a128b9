import { appendFileSync } from "node:fs";
import { Celery } from "spool/celery";

/** A whole worker in a process of its own, to be killed. It notes each run, so that double ones can be counted. */
const { BROKER = "", BACKEND = "", QUEUE = "celery", RUNS = "", PREFIX = "" } = process.env;
const transport = PREFIX === "" ? {} : { global_keyprefix: PREFIX };
const app = new Celery("chaos", {
  broker: BROKER,
  backend: BACKEND,
  taskDefaultQueue: QUEUE,
  leaseSeconds: 2,
  brokerTransportOptions: transport,
  resultBackendTransportOptions: transport,
});
app.task("chaos.add", async (x: number, y: number) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  appendFileSync(RUNS, `${x}\n`);
  return x + y;
});
app.task("chaos.sum", (xs: number[]) => xs.reduce((a, b) => a + b, 0));
const worker = app.worker({ concurrency: 10, hostname: `chaos${process.pid}@test`, log: () => {} });
await worker.start();
process.stdout.write("ready\n");
process.on("SIGTERM", () => void worker.stop().then(() => app.close()));
