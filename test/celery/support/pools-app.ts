import { Celery, type Task, type TaskRequest } from "spool/celery";

/** The app that pool children import: each test gives the URLs in the environment. */
export const app: Celery = new Celery("pools", {
  broker: process.env["SPOOL_TEST_BROKER"] ?? "memory://",
  backend: process.env["SPOOL_TEST_BACKEND"] ?? process.env["SPOOL_TEST_BROKER"] ?? "memory://",
  include: [import.meta.url],
  leaseSeconds: 3,
});

export const add: Task<[x: number, y: number], number> = app.task(
  "pools.add",
  (x: number, y: number) => x + y,
);

interface Place {
  readonly pid: number;
  readonly main: boolean;
  readonly thread: number;
}

export const where: Task<[], Promise<Place>> = app.task("pools.where", async () => {
  const { isMainThread, threadId } = await import("node:worker_threads");
  return { pid: process.pid, main: isMainThread, thread: threadId };
});

export const boom: Task<[], number> = app.task("pools.boom", (): number => {
  throw new RangeError("boom");
});

/** Holds its thread or process with a busy loop that no signal can interrupt. */
export const spin: Task<[seconds: number], string> = app.task("pools.spin", (seconds: number) => {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until);
  return "spun";
});

export const progress: Task<[], Promise<string>> = app.task(
  "pools.progress",
  async (self: TaskRequest) => {
    await self.updateState("PROGRESS", { half: true });
    return "end";
  },
  { bind: true },
);

/** Ends its own process, as a crash in native code would; the third try gets through. */
export const fragile: Task<[file: string], Promise<string>> = app.task(
  "pools.fragile",
  async (file: string) => {
    const { appendFileSync, readFileSync } = await import("node:fs");
    appendFileSync(file, "x");
    if (readFileSync(file, "utf8").length < 3) process.kill(process.pid, "SIGKILL");
    return "survived";
  },
);
