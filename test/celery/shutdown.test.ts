import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Celery, type Settings } from "spool/celery";
import { Proxy } from "./support/proxy.ts";
import { available, unique } from "./support/services.ts";

/** A worker that is told to end while its broker is gone: it says so and ends, and nothing of what it held is lost. */

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const appFile = join(import.meta.dirname, "support/pools-app.ts");

interface Place {
  readonly service: "redis" | "rabbitmq";
  readonly port: number;
  readonly broker: (port: number) => string;
  readonly backend: (port: number) => string;
}

const PLACES: readonly Place[] = [
  {
    service: "redis",
    port: 6379,
    broker: (port) => `redis://127.0.0.1:${port}/5`,
    backend: (port) => `redis://127.0.0.1:${port}/5`,
  },
  {
    service: "rabbitmq",
    port: 5672,
    broker: (port) => `amqp://guest:guest@127.0.0.1:${port}//`,
    backend: () => "rpc://",
  },
];

for (const { service, port, broker, backend } of PLACES) {
  if (!(await available(service))) continue;
  for (const how of ["cut", "freeze"] as const) {
    test(`${service}: SIGTERM after the connections were lost (${how}) ends the worker with code 1`, async () => {
      await using proxy = await Proxy.before(port);
      const args = ["--conditions=spool-source", "--no-warnings", main, "celery", "worker", "-A", appFile];
      const worker = spawn(
        process.execPath,
        [...args, "-n", `${unique("gone")}@test`, "--shutdown-timeout", "0.2"],
        {
          env: {
            ...process.env,
            SPOOL_TEST_BROKER: broker(proxy.port),
            SPOOL_TEST_BACKEND: backend(proxy.port),
          },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let said = "";
      worker.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await once(worker.stdout, "data");
      await proxy[how]();
      const exited = once(worker, "exit");
      worker.kill("SIGTERM");
      assert.deepEqual(await exited, [1, null]);
      assert.match(said, /could not leave in good order: .* did not answer for 0\.2 s/);
    });
  }

  test(`${service}: what a worker could not settle is settled, and what it held given back, once the broker is there`, async () => {
    await using proxy = await Proxy.before(port);
    const queue = unique("gone");
    const transport = { global_keyprefix: `${queue}:` };
    const settings: Partial<Settings> = {
      taskDefaultQueue: queue,
      taskQueues: [{ name: queue, arguments: { "x-expires": 60_000 } }],
      resultExpires: 60,
      brokerTransportOptions: transport,
      resultBackendTransportOptions: transport,
    };
    const near = new Celery("near", { broker: broker(port), backend: backend(port), ...settings });
    const far = new Celery("far", { broker: broker(proxy.port), backend: backend(proxy.port), ...settings });
    const begun = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const run: number[] = [];
    const work = async (n: number): Promise<number> => {
      run.push(n);
      begun.resolve();
      await mayEnd.promise;
      return n;
    };
    far.task("gone.work", work);
    near.task("gone.work", (n: number) => n * 100);
    const options = { concurrency: 1, prefetchMultiplier: 2, log: () => {} };
    const worker = far.worker({ ...options, hostname: `${queue}@far`, shutdownTimeout: 0.1 });
    await worker.start();
    const [first, second] = await Promise.all([
      near.sendTask<number>("gone.work", [1]),
      near.sendTask<number>("gone.work", [2]),
    ]);
    await begun.promise;
    await proxy.cut();
    const stopping = worker.stop();
    mayEnd.resolve();
    await assert.rejects(stopping, {
      code: "OPERATIONAL",
      message: /Tasks that had ended but are not settled: 1/,
    });
    assert.equal(worker.state, "stopped");
    assert.deepEqual(run, [1], "the task that had not begun was begun by a worker that was closing");
    proxy.mend();
    assert.equal(await first.get({ timeout: 20 }), 1);
    const other = near.worker({ ...options, hostname: `${queue}@near` });
    await other.start();
    assert.equal(await second.get({ timeout: 20 }), 200);
    await other.stop();
    await far.close();
    await near.close();
  });
}

if (await available("redis")) {
  test("redis: closing an app whose broker does not answer ends, and fails what was being sent", async () => {
    await using proxy = await Proxy.before(6379);
    const queue = unique("frozen");
    const app = new Celery("frozen", {
      broker: `redis://127.0.0.1:${proxy.port}/5`,
      backend: null,
      taskDefaultQueue: queue,
    });
    await app.sendTask("frozen.task");
    await app.purge(queue);
    proxy.freeze();
    const sending = assert.rejects(async () => void (await app.sendTask("frozen.task")), /closed/);
    // The message is on its way after this turn.
    await nextTurn();
    await assert.rejects(app.close(), {
      code: "OPERATIONAL",
      message: /redis:\/\/127\.0\.0\.1:\d+\/5 did not answer for 5 s while the app was closed/,
    });
    await sending;
  });
}
