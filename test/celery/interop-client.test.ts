import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Celery, chain, chord, group, type Signature, type Worker } from "spool/celery";
import { places, type Place } from "./interop/places.ts";
import { pythonCelery, PythonWorker } from "./interop/python.ts";

/** Programs in TypeScript send, a real worker of Python's Celery runs: each row of the conformance list. */

interface Stage {
  readonly app: Celery;
  readonly py: (task: string, args?: unknown[], kwargs?: Record<string, unknown>) => Signature<any[], any>;
  readonly ts: (task: string, args?: unknown[]) => Signature<any[], any>;
}

const timeout = { timeout: 20 };

const ROWS: Record<string, (stage: Stage, place: Place) => Promise<void>> = {
  "positional arguments": async ({ py }) => assert.equal(await py("py.add", [1, 2]).delay().get(timeout), 3),
  "keyword arguments": async ({ py }) =>
    assert.deepEqual(await py("py.echo", [1], { k: "v" }).delay().get(timeout), [[1], { k: "v" }]),
  "text, null, nesting": async ({ py }) => {
    const value = { text: 'é \u2028 "q"', none: null, list: [1, [2.5, true]] };
    assert.deepEqual(await py("py.echo", [value]).delay().get(timeout), [[value], {}]);
  },
  "integers beyond 2^53 and floats that JSON lacks": async ({ py }) => {
    const big = 2n ** 70n;
    assert.deepEqual(await py("py.echo", [big, NaN, Infinity]).delay().get(timeout), [
      [big, NaN, Infinity],
      {},
    ]);
    assert.equal(await py("py.add", [big, 1]).delay().get(timeout), big + 1n);
  },
  "an error with its arguments": async ({ py }) =>
    assert.rejects(py("py.boom").delay().get(timeout), {
      name: "ValueError",
      args: ["boom", 42],
      module: "builtins",
    }),
  "an error has Python's traceback": async ({ py }) => {
    const error = await py("py.boom")
      .delay()
      .get({ ...timeout, propagate: false });
    assert.match((error as { traceback: string }).traceback, /Traceback[\s\S]*ValueError/);
  },
  "wrong arguments": async ({ py }) =>
    assert.rejects(py("py.add", [1, 2, 3]).delay().get(timeout), {
      name: "TypeError",
      message: /positional arguments/,
    }),
  retries: async ({ py }) => assert.equal(await py("py.retry", [2]).delay().get(timeout), 2),
  countdown: async ({ py }) =>
    assert.equal(await py("py.add", [1, 1]).set({ countdown: 0.5 }).delay().get(timeout), 2),
  eta: async ({ py }) =>
    assert.equal(
      await py("py.add", [1, 1])
        .set({ eta: new Date(Date.now() + 300) })
        .delay()
        .get(timeout),
      2,
    ),
  "expired before it started": async ({ py }, { broker }) => {
    // RabbitMQ drops it itself, so that nobody is left to store a state.
    if (broker.startsWith("amqp")) return;
    await assert.rejects(py("py.add", [1, 1]).set({ expires: -1 }).delay().get(timeout), {
      code: "TASK_REVOKED",
    });
  },
  "revoked before it came": async ({ app, py }, { pyQueue }) => {
    // The worker says that it has heard of it before the task is sent, so nothing hangs on who is faster.
    const taskId = `revoked-${pyQueue}`;
    const arguments_ = { task_id: taskId, terminate: false, signal: null };
    const heard = await app.control.call("revoke", arguments_, {
      destination: [`${pyQueue}@py`],
      timeout: 20,
    });
    assert.equal(Object.keys(heard).length, 1);
    await assert.rejects(py("py.add", [1, 1]).set({ taskId }).delay().get(timeout), { code: "TASK_REVOKED" });
  },
  "soft time limit": async ({ py }) =>
    assert.equal(
      await py("py.soft", [9]).set({ softTimeLimit: 0.3, timeLimit: 9 }).delay().get(timeout),
      "cleaned up",
    ),
  "hard time limit": async ({ py }) =>
    assert.rejects(py("py.sleep", [9]).set({ timeLimit: 1 }).delay().get(timeout), { code: "TIME_LIMIT" }),
  "a chain": async ({ py }) =>
    assert.equal(
      await chain([py("py.add", [1, 2]), py("py.mul", [3]), py("py.add", [1])])
        .delay()
        .get(timeout),
      10,
    ),
  "a chain that fails": async ({ py }) =>
    assert.rejects(
      chain([py("py.add", [1, 2]), py("py.boom"), py("py.add", [1])])
        .delay()
        .get(timeout),
      {
        name: "ValueError",
      },
    ),
  "a group": async ({ py }) =>
    assert.deepEqual(
      await group([py("py.add", [1, 2]), py("py.mul", [3, 4])])
        .delay()
        .get(timeout),
      [3, 12],
    ),
  "a link": async ({ py }) => {
    const result = await py("py.add", [1, 2])
      .link(py("py.mul", [10]))
      .delay();
    assert.equal(await result.get(timeout), 3);
    const [child] = await result.children();
    // Over rpc the child's result goes to whoever sent it: the worker.
    if (child !== undefined) assert.ok(child.id);
  },
  "own headers, time limits and ids reach the task": async ({ py }, { pyQueue }) => {
    const call = py("py.request").set({
      headers: { "x-mine": "1" },
      timeLimit: 300,
      softTimeLimit: 200,
      taskId: `id-${pyQueue}`,
    });
    const seen = (await call.delay().get(timeout)) as Record<string, unknown>;
    assert.equal(seen["id"], `id-${pyQueue}`);
    assert.equal(seen["root_id"], `id-${pyQueue}`);
    assert.equal(seen["mine"], "1");
    assert.deepEqual(seen["timelimit"], [300, 200]);
    assert.equal(seen["routing_key"], pyQueue);
  },
  priority: async ({ py }) => {
    const seen = (await py("py.request").set({ priority: 3 }).delay().get(timeout)) as Record<
      string,
      unknown
    >;
    assert.equal(seen["priority"], 3);
  },
  "gzip compression": async ({ py }) =>
    assert.equal(await py("py.add", [1, 2]).set({ compression: "gzip" }).delay().get(timeout), 3),
  msgpack: async ({ py }) =>
    assert.deepEqual(
      await py("py.echo", [1, "a", null]).set({ serializer: "msgpack" }).delay().get(timeout),
      [[1, "a", null], {}],
    ),
  yaml: async ({ py }) =>
    assert.deepEqual(
      await py("py.echo", [1, { a: [true, "yes"] }])
        .set({ serializer: "yaml" })
        .delay()
        .get(timeout),
      [[1, { a: [true, "yes"] }], {}],
    ),
  "a task sent with ignoreResult": async ({ py }) => {
    const ignored = await py("py.add", [1, 2]).set({ ignoreResult: true }).delay();
    assert.equal(await py("py.add", [1, 2]).delay().get(timeout), 3);
    assert.notEqual(await ignored.state(), "SUCCESS");
  },
  "map, starmap, chunks": async ({ app }, { pyQueue }) => {
    const add = app.task("py.add", (x: number, y: number) => x + y);
    const route = { queue: pyQueue };
    assert.deepEqual(
      await add
        .starmap([
          [1, 2],
          [3, 4],
        ])
        .applyAsync([], route)
        .get(timeout),
      [3, 7],
    );
    assert.deepEqual(
      await add
        .chunks(
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          2,
        )
        .applyAsync([], route)
        .get(timeout),
      [[3, 7], [11]],
    );
    const total = app.task("py.sum", (xs: number[]) => xs.length);
    assert.deepEqual(
      await total
        .map([[1, 2], [3]])
        .applyAsync([], route)
        .get(timeout),
      [3, 3],
    );
  },
  "states on the way": async ({ py }) => {
    const states: string[] = [];
    for await (const { state } of py("py.progress").delay()) states.push(state);
    assert.ok(states.includes("PROGRESS"), states.join());
    assert.equal(states.at(-1), "SUCCESS");
  },
  "a worker's direct queue": async ({ py }, { pyQueue }) =>
    assert.equal(
      await py("py.add", [1, 2])
        .set({ queue: `${pyQueue}@py.dq2` })
        .delay()
        .get(timeout),
      3,
    ),
  "a chain that goes from language to language": async ({ py, ts }) =>
    assert.equal(
      await chain([ts("ts.add", [1, 2]), py("py.mul", [3]), ts("ts.add", [1]), py("py.add", [1])])
        .delay()
        .get(timeout),
      11,
    ),
};

const STORED_ROWS: typeof ROWS = {
  "an unknown task": async ({ py }) =>
    assert.rejects(py("no.such").delay().get(timeout), { code: "NOT_REGISTERED", message: /no\.such/ }),
  "a chord": async ({ py }) =>
    assert.equal(
      await chord([py("py.add", [1, 2]), py("py.mul", [3, 4])], py("py.sum"))
        .delay()
        .get(timeout),
      15,
    ),
  "a chord that fails": async ({ py }) =>
    assert.rejects(
      chord([py("py.add", [1, 2]), py("py.boom")], py("py.sum"))
        .delay()
        .get(timeout),
      { code: "CHORD" },
    ),
  "a group inside a chain becomes a chord": async ({ py }) => {
    const steps = [
      py("py.add", [1, 1]),
      group([py("py.add", [1]), py("py.add", [2])]),
      py("py.sum"),
      py("py.mul", [10]),
    ];
    assert.equal(await chain(steps).delay().get(timeout), 70);
  },
  "a chord of chains": async ({ py }) => {
    const member = chain([py("py.add", [1, 1]), py("py.mul", [5])]);
    assert.equal(
      await chord([member, py("py.add", [1, 2])], py("py.sum"))
        .delay()
        .get(timeout),
      13,
    );
  },
  "a chord with members and body in both languages": async ({ py, ts }) => {
    const header = [py("py.add", [1, 2]), ts("ts.add", [3, 4])];
    assert.equal(await chord(header, ts("ts.sum")).delay().get(timeout), 10);
    assert.equal(await chord(header, py("py.sum")).delay().get(timeout), 10);
    assert.equal(
      await chord([...header, chain([ts("ts.add", [1, 1]), py("py.mul", [2])])], py("py.sum"))
        .delay()
        .get(timeout),
      14,
    );
  },
  "a chord with a failing member of the other language": async ({ py, ts }) => {
    await assert.rejects(
      chord([py("py.add", [1, 2]), ts("ts.boom")], py("py.sum"))
        .delay()
        .get(timeout),
      { code: "CHORD" },
    );
    await assert.rejects(
      chord([ts("ts.add", [1, 2]), py("py.boom")], ts("ts.sum"))
        .delay()
        .get(timeout),
      { code: "CHORD" },
    );
  },
  "an errback in the other language gets the failed id": async ({ app, py }) => {
    const called = Promise.withResolvers<string>();
    errbacks.set(app, called.resolve);
    const failing = await py("py.boom")
      .linkError(app.signature("ts.errback", [], { queue: app.settings.taskDefaultQueue }))
      .delay();
    assert.equal(await called.promise, failing.id);
  },
  "what a link gives": async ({ py, ts }) => {
    const result = await py("py.add", [1, 2])
      .link(ts("ts.add", [10]))
      .delay();
    assert.equal(await result.get(timeout), 3);
    const [child] = await result.children();
    assert.equal(await child!.get(timeout), 13);
  },
};

const errbacks = new Map<Celery, (id: string) => void>();

function define(app: Celery): void {
  app.task("ts.add", (x: number, y: number) => x + y);
  app.task("ts.sum", (xs: number[]) => xs.reduce((a, b) => a + b, 0));
  app.task("ts.boom", () => {
    throw new TypeError("ts boom");
  });
  app.task("ts.errback", (id: string) => errbacks.get(app)?.(id));
}

if (await pythonCelery()) {
  for (const place of await places()) {
    // All three start at once, before the first test.
    const starting = PythonWorker.start(place.python, `${place.pyQueue}@py`);
    starting.catch(() => {});
    let worker: PythonWorker;
    let tsWorker: Worker;
    let app: Celery;
    before(async () => {
      worker = await starting;
      app = new Celery("interop", {
        broker: place.broker,
        backend: place.backend,
        taskDefaultQueue: place.tsQueue,
        acceptContent: ["json", "msgpack", "yaml"],
        resultExpires: 120,
      });
      define(app);
      tsWorker = app.worker({ hostname: `${place.tsQueue}@ts`, log: () => {} });
      await tsWorker.start();
      // Connections are opened on first use; open them now, so that no test seems to leave one behind.
      await app.sendTask("ts.add", [1, 2]).get(timeout);
    });
    after(async () => {
      await tsWorker?.stop();
      await worker?.stop();
      await app?.purge(place.pyQueue).catch(() => {});
      await app?.close();
    });
    const rows = place.stored ? { ...ROWS, ...STORED_ROWS } : ROWS;
    for (const [row, check] of Object.entries(rows)) {
      test(`${place.name}: ${row}`, { timeout: 30_000 }, async () => {
        const signature =
          (queue: string) =>
          (task: string, args: unknown[] = [], kwargs: Record<string, unknown> = {}) =>
            app.signature<any[], any>(task, args, { kwargs, queue });
        await check({ app, py: signature(place.pyQueue), ts: signature(place.tsQueue) }, place);
      });
    }
  }
}
