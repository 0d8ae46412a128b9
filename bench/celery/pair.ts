import type { ChildProcess } from "node:child_process";
import { Celery } from "../../src/celery/index.ts";
import { fresh } from "./places.ts";
import { startNode, startPython } from "./processes.ts";

/** A worker in a process of its own, and the client here that talks to it. */
export interface Pair {
  readonly app: Celery;
  readonly node: string;
  readonly worker: ChildProcess;
  readonly environment: NodeJS.ProcessEnv;
  /** The worker takes from the queue from now on, or no longer. */
  take(queue: string): Promise<void>;
  leave(queue: string): Promise<void>;
}

/** Both Celerys are driven by the same client: only the worker differs. */
export async function pair(language: "ts" | "py", broker: string, backend: string): Promise<Pair> {
  const node = `${fresh("bench")}@${language}`;
  const environment = { BROKER: broker, BACKEND: backend, NODE_NAME: node };
  const worker =
    language === "ts" ? await startNode("worker.ts", environment) : await startPython(node, environment);
  const app = new Celery("client", { broker, backend, resultExpires: 300 });
  const to = { destination: [node], timeout: 20 };
  // Python says that it is ready only at a log level that would cost it speed, so it is asked.
  for (let tries = 0; tries < 20; tries++) {
    if (node in (await app.control.ping({ destination: [node], timeout: 3 }))) break;
  }
  return {
    app,
    node,
    worker,
    environment,
    take: async (queue) => void (await app.control.addConsumer(queue, to)),
    leave: async (queue) => void (await app.control.cancelConsumer(queue, to)),
  };
}
