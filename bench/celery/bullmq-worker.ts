import { Worker } from "bullmq";

/** BullMQ's worker process: the same no-op work. The parent pauses and resumes the queue. */
const { QUEUE = "", CONCURRENCY = "50" } = process.env;
const worker = new Worker(QUEUE, async () => null, {
  connection: { host: "127.0.0.1", port: 6379, db: 4 },
  concurrency: Number(CONCURRENCY),
});
await worker.waitUntilReady();
process.stdout.write("ready\n");
process.on("SIGTERM", () => void worker.close());
