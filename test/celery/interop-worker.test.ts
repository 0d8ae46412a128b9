import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Celery, TaskError, type TaskRequest, type Worker } from "spool/celery";
import { places } from "./interop/places.ts";
import { python, pythonCelery } from "./interop/python.ts";

/** A real client of Python's Celery sends, a worker here runs: each row of the conformance list. */

const WANTED: Record<string, unknown> = {
  args: 3,
  kwargs: 3,
  mixed: 3,
  echo: ['é\u2028"', null, [1, [2.5, true]], { a: 1 }],
  bigint: true,
  nan: "[nan, inf]",
  error: ["ValueError", ["boom", "42"]],
  js_error: ["TypeError", ["ts boom"]],
  wrong_args: ["TypeError", ["mul() takes 2 positional arguments but 3 were given"]],
  unknown: ["NotRegistered", ["ts.nosuch"]],
  retry: 2,
  countdown: 3,
  eta: 3,
  revoke_eta: ["TaskRevokedError", ["revoked"]],
  terminate: ["TaskRevokedError", ["terminated"]],
  soft_limit: ["SoftTimeLimitExceeded", []],
  hard_limit: ["TimeLimitExceeded", ["0.3"]],
  chain: 10,
  failing_chain: ["ValueError", ["boom", "42"]],
  group: [3, 12],
  request: { mine: "1", limits: [9, 5], priority: 3, retries: 0 },
  gzip: 3,
  msgpack: [1, "a", null],
  yaml: [1, { a: [true, "yes"] }],
  ignored: "PENDING",
  map: [
    [3, 7],
    [3, 3],
  ],
  progress: ["PROGRESS", "SUCCESS"],
  protocol_1: 3,
  other_time_zone: 3,
  direct: 3,
};

const WANTED_STORED: Record<string, unknown> = {
  link: 13,
  chord: 15,
  chain_group: 70,
  chord_of_chains: 13,
  chord_with_chain_body: 20,
  group_in_group: [3, 7, 11],
  replaced: 5,
};

function define(app: Celery): void {
  const failed: string[] = [];
  const add = app.task("ts.add", (x: number, y: number) => x + y);
  app.task("ts.mul", (x: number, y: number) => x * y);
  app.task("ts.total", (xs: number[]) => xs.reduce((a, b) => a + b, 0));
  app.task("ts.ident", (x: unknown) => x);
  app.task("ts.echo", (...args: unknown[]) => args);
  app.task("ts.boom", (..._args: unknown[]) => {
    throw new TaskError("boom", { type: "ValueError", module: "builtins", args: ["boom", 42] });
  });
  app.task("ts.typeerror", () => {
    throw new TypeError("ts boom");
  });
  const retry = (self: TaskRequest, until: number): number => {
    if (self.retries < until) self.retry({ countdown: 0 });
    return self.retries;
  };
  app.task("ts.retry", retry, { bind: true });
  // Waits for a signal that only a limit or a revoke gives; the promise holds no timer.
  app.task("ts.sleep", (_seconds: number) => new Promise<number>(() => {}));
  app.task("ts.errback", (id: string) => void failed.push(id));
  app.task("ts.errbacks", () => failed);
  const progress = async (self: TaskRequest): Promise<string> => {
    await self.updateState("PROGRESS", { done: 1 });
    return "end";
  };
  app.task("ts.progress", progress, { bind: true });
  const request = (self: TaskRequest): object => ({
    mine: self.headers["x-mine"],
    limits: self.timeLimit,
    priority: self.deliveryInfo.priority,
    retries: self.retries,
  });
  app.task("ts.request", request, { bind: true });
  app.task("ts.replace", (self: TaskRequest, x: number): number => self.replace(add.s(x, 0)), { bind: true });
}

if (await pythonCelery()) {
  for (const place of await places()) {
    const rows = new Map<string, unknown>();
    let app: Celery;
    let worker: Worker;
    let diagnosis = "";
    before(async () => {
      app = new Celery("interop", {
        broker: place.broker,
        backend: place.backend,
        taskDefaultQueue: place.tsQueue,
        acceptContent: ["json", "msgpack", "yaml"],
        resultExpires: 120,
        taskTrackStarted: true,
        workerDirect: true,
      });
      define(app);
      worker = app.worker({ hostname: `${place.tsQueue}@ts`, log: () => {} });
      await worker.start();
      const run = await python({ ...place.python, QUEUE: place.tsQueue }, "client.py");
      diagnosis = run.stderr;
      for (const line of run.stdout.split("\n").filter(Boolean)) {
        const [name, value] = JSON.parse(line) as [string, unknown];
        rows.set(name, value);
      }
    });
    after(async () => {
      await worker?.terminate();
      await app?.close();
    });
    const wanted = place.stored ? { ...WANTED, ...WANTED_STORED } : WANTED;
    for (const [row, value] of Object.entries(wanted)) {
      test(`${place.name}: ${row}`, () => {
        assert.ok(rows.has(row), `Python gave no answer: ${diagnosis}`);
        assert.deepEqual(rows.get(row), value);
      });
    }
    if (!place.stored) continue;
    test(`${place.name}: errback`, () => assert.deepEqual(rows.get("errback"), [`eb-${place.tsQueue}`]));
    test(`${place.name}: failing_chord`, () => {
      const [type, [message]] = rows.get("failing_chord") as [string, [string]];
      assert.equal(type, "ChordError");
      assert.match(message, /Dependency .* raised ValueError\('boom', 42\)/);
    });
    if (place.broker.startsWith("amqp")) continue;
    test(`${place.name}: expired`, () =>
      assert.deepEqual(rows.get("expired"), ["TaskRevokedError", ["expired"]]));
  }
}
