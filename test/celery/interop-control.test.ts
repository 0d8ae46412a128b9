import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Celery, type Worker } from "spool/celery";
import { places } from "./interop/places.ts";
import { python, pythonCelery, PythonWorker } from "./interop/python.ts";

/** Remote control across languages: Python's command line on a worker here, and the control here on Python's worker. */

/** Python's command and what its output must hold. `NODE` stands for the worker's name. */
const PYTHON_COMMANDS: readonly (readonly [args: string, output: RegExp])[] = [
  ["inspect ping", /NODE: OK[\s\S]*pong/],
  ["inspect active", /NODE: OK[\s\S]*empty/],
  ["inspect reserved", /NODE: OK[\s\S]*empty/],
  ["inspect scheduled", /NODE: OK[\s\S]*empty/],
  // Revokes go to every worker of a broker, so those of other programs may be listed too.
  ["inspect revoked", /NODE: OK[\s\S]*(empty|\* )/],
  ["inspect registered", /NODE: OK[\s\S]*ts\.add[\s\S]*ts\.limited \[rate_limit=10\/m\]/],
  ["inspect stats", /NODE: OK[\s\S]*max-concurrency/],
  ["inspect conf", /NODE: OK[\s\S]*task_default_queue/],
  ["inspect active_queues", /NODE: OK[\s\S]*QUEUE/],
  ["inspect query_task some-id", /NODE: OK/],
  ["inspect report", /NODE: OK[\s\S]*spool/],
  ["inspect clock", /NODE: OK[\s\S]*clock/],
  ["control rate_limit ts.add 100/s", /NODE: OK[\s\S]*new rate limit set successfully/],
  ["control time_limit ts.add 60 120", /NODE: OK[\s\S]*time limits set successfully/],
  ["control pool_grow 1", /NODE: OK[\s\S]*pool will grow/],
  ["control pool_shrink 1", /NODE: OK[\s\S]*pool will shrink/],
  ["control add_consumer QUEUE-more", /NODE: OK[\s\S]*add consumer/],
  ["control cancel_consumer QUEUE-more", /NODE: OK[\s\S]*no longer consuming/],
  ["control enable_events", /NODE: OK[\s\S]*task events/],
  ["control disable_events", /NODE: OK[\s\S]*task events disabled/],
  ["control autoscale 3 1", /Autoscale not enabled/],
  ["control revoke some-id", /NODE: OK[\s\S]*flagged as revoked/],
];

if (await pythonCelery()) {
  for (const place of (await places()).slice(0, 2)) {
    const starting = PythonWorker.start(place.python, `${place.pyQueue}@py`);
    starting.catch(() => {});
    const node = `${place.tsQueue}@ts`;
    const pyNode = `${place.pyQueue}@py`;
    let app: Celery;
    let worker: Worker;
    before(async () => {
      app = new Celery("interop", {
        broker: place.broker,
        backend: place.backend,
        taskDefaultQueue: place.tsQueue,
        resultExpires: 120,
      });
      app.task("ts.add", (x: number, y: number) => x + y);
      app.task("ts.limited", () => null, { rateLimit: "10/m" });
      worker = app.worker({ hostname: node, log: () => {} });
      await worker.start();
      await app.sendTask("ts.add", [1, 2]).get({ timeout: 20 });
      await starting;
    });
    after(async () => {
      await worker?.stop();
      const python = await starting;
      await python.stop();
      if (process.env["SPOOL_TEST_VERBOSE"] !== undefined) process.stderr.write(python.output);
      await app?.close();
    });

    test(`${place.name}: Python's commands on a worker here`, { timeout: 120_000 }, async () => {
      const wrong: string[] = [];
      const script = [
        "-c",
        RUN_ALL,
        ...PYTHON_COMMANDS.map(([args]) => `${args.replaceAll("QUEUE", place.tsQueue)} -d ${node} -t 5`),
      ];
      const { stdout, stderr } = await python(place.python, ...script);
      const outputs = stdout.split("\u0001");
      for (const [index, [args, output]] of PYTHON_COMMANDS.entries()) {
        const pattern = new RegExp(output.source.replaceAll("NODE", node).replaceAll("QUEUE", place.tsQueue));
        if (!pattern.test(outputs[index] ?? ""))
          wrong.push(`celery ${args}: ${outputs[index]}${stderr.slice(-500)}`);
      }
      assert.deepEqual(wrong, []);
    });

    test(`${place.name}: celery status sees both workers`, { timeout: 60_000 }, async () => {
      const { stdout } = await python(place.python, "-m", "celery", "-A", "proj", "status");
      assert.match(stdout, new RegExp(`${node}: OK`));
      assert.match(stdout, new RegExp(`${pyNode}: OK`));
    });

    test(`${place.name}: the control here on Python's worker`, { timeout: 60_000 }, async () => {
      const only = { destination: [pyNode], timeout: 10 };
      const { control } = app;
      const { inspect } = control;
      const of = async (answer: Promise<Readonly<Record<string, unknown>>>): Promise<any> =>
        (await answer)[pyNode];
      assert.deepEqual(await of(control.ping(only)), { ok: "pong" });
      assert.deepEqual(await of(inspect.active(only)), []);
      assert.deepEqual(await of(inspect.reserved(only)), []);
      assert.deepEqual(await of(inspect.scheduled(only)), []);
      assert.ok(((await of(inspect.registered(only))) as string[]).includes("py.add"));
      assert.ok((await of(inspect.stats(only))).pool);
      assert.equal((await of(inspect.activeQueues(only)))[0].name, place.pyQueue);
      assert.ok((await of(inspect.conf(only))).task_default_queue);
      assert.deepEqual(await of(inspect.queryTask(["none"], only)), {});
      assert.deepEqual(await of(control.rateLimit("py.add", "100/s", only)), {
        ok: "new rate limit set successfully",
      });
      assert.deepEqual(await of(control.timeLimit("py.add", { hard: 60, soft: 30 }, only)), {
        ok: "time limits set successfully",
      });
      assert.deepEqual(await of(control.poolGrow(1, only)), { ok: "pool will grow" });
      assert.deepEqual(await of(control.poolShrink(1, only)), { ok: "pool will shrink" });
      assert.match((await of(control.addConsumer(`${place.pyQueue}-more`, only))).ok, /add consumer/);
      assert.match(
        (await of(control.cancelConsumer(`${place.pyQueue}-more`, only))).ok,
        /no longer consuming/,
      );
      assert.match((await of(control.disableEvents(only))).ok, /task events (already )?disabled/);
      assert.match((await of(control.enableEvents(only))).ok, /task events (already )?enabled/);
      assert.match((await of(control.autoscale(3, 1, only))).error, /Autoscale not enabled/);
      assert.match((await of(control.call("no_such", {}, only))).error, /KeyError/);
    });

    test(
      `${place.name}: a worker here that mingles learns what Python's has revoked`,
      { timeout: 60_000 },
      async () => {
        const id = `mingled-${place.pyQueue}`;
        const told = { task_id: id, terminate: false, signal: null };
        await app.control.call("revoke", told, { destination: [pyNode], timeout: 10 });
        const hostname = `${place.tsQueue}-mingled@ts`;
        const mingled = app.worker({
          hostname,
          queues: [`${place.tsQueue}-mingled`],
          mingle: true,
          log: () => {},
        });
        await mingled.start();
        const known = await app.control.inspect.revoked({ destination: [hostname], timeout: 10 });
        await mingled.stop();
        assert.ok(known[hostname]?.includes(id), JSON.stringify(known));
      },
    );

    test(`${place.name}: events of both workers are seen here`, { timeout: 60_000 }, async () => {
      const types = new Map<string, Set<string>>();
      const all = Promise.withResolvers<void>();
      const listener = await app.events.listen(({ type, hostname }) => {
        types.set(hostname, (types.get(hostname) ?? new Set()).add(type));
        if (complete(types.get(node)) && complete(types.get(pyNode))) all.resolve();
      });
      await app.control.enableEvents({ destination: [node, pyNode], timeout: 10 });
      await app.sendTask("ts.add", [1, 2]).get({ timeout: 20 });
      await app.sendTask("py.add", [1, 2], { queue: place.pyQueue }).get({ timeout: 20 });
      await all.promise;
      await listener.close();
    });

    test(`${place.name}: celery events --dump shows a worker here`, { timeout: 60_000 }, async () => {
      await app.control.enableEvents({ destination: [node], timeout: 10 });
      const dump = python(place.python, "-c", DUMP, node);
      const ticking = setInterval(
        () =>
          void app
            .sendTask("ts.add", [1, 2])
            .get({ timeout: 20 })
            .catch(() => {}),
        200,
      );
      const { stdout, stderr } = await dump;
      clearInterval(ticking);
      assert.match(stdout, /task-received/, stderr);
      assert.match(stdout, /task-succeeded/, stderr);
      assert.match(stdout, new RegExp(node));
    });
  }
}

function complete(types: Set<string> | undefined): boolean {
  return ["task-received", "task-started", "task-succeeded", "worker-heartbeat"].every((type) =>
    types?.has(type),
  );
}

/** Runs several of Python's commands in one process, because each would take seconds to start. */
const RUN_ALL = `
import sys
from celery.bin.celery import celery
for line in sys.argv[1:]:
    try:
        celery(args=["-A", "proj", *line.split()], auto_envvar_prefix="CELERY")
    except SystemExit:
        pass
    except Exception as exc:
        print(repr(exc))
    sys.stdout.write("\\x01")
    sys.stdout.flush()
`;

/** What `celery events --dump` does, ended once a task of one worker was seen through; others are on the broker too. */
const DUMP = `
import sys
from celery.events.dumper import Dumper
from proj import app
dumper = Dumper()
seen = set()
def on_event(event):
    if event["hostname"] == sys.argv[1]:
        seen.add(event["type"])
    print(event["type"], event["hostname"], flush=True)
    dumper.on_event(event)
    if {"task-received", "task-started", "task-succeeded"} <= seen:
        raise SystemExit(0)
with app.connection_for_read() as connection:
    app.events.Receiver(connection, handlers={"*": on_event}, app=app).capture(limit=None, timeout=20, wakeup=False)
`;
