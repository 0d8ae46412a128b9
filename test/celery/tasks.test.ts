import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { stores, type Store } from "./support/stores.ts";
import {
  Celery,
  chain,
  chord,
  group,
  Ignore,
  type Signature,
  TaskError,
  type WorkerOptions,
} from "spool/celery";

const all = await stores();

async function withWorker(
  store: Store,
  body: (app: Celery) => Promise<void>,
  options: WorkerOptions = {},
): Promise<void> {
  const { settings, dispose } = store.open();
  const app = new Celery("proj", settings);
  const worker = app.worker({ log: () => {}, ...options });
  await worker.start();
  try {
    await body(app);
  } finally {
    await worker.stop();
    await app.close();
    dispose();
  }
}

const add = (x: number, y: number): number => x + y;

for (const store of all) {
  test(`${store.name}: a task is sent, run and its value comes back`, async () => {
    await withWorker(store, async (app) => {
      const task = app.task("proj.add", add);
      const sent = task.delay(1, 2);
      assert.equal(await sent.get({ timeout: 5 }), 3);
      const stored = await sent;
      assert.equal(await stored.state(), "SUCCESS");
      assert.equal(task(1, 2), 3);
    });
  });

  test(`${store.name}: keyword arguments reach the parameters of their names`, async () => {
    await withWorker(store, async (app) => {
      app.task("proj.add", add);
      assert.equal(await app.sendTask("proj.add", [], { kwargs: { y: 2, x: 1 } }).get({ timeout: 5 }), 3);
      assert.equal(await app.sendTask("proj.add", [1], { kwargs: { y: 2 } }).get({ timeout: 5 }), 3);
      const tooMany = app.sendTask("proj.add", [1, 2, 3]).get({ timeout: 5 });
      await assert.rejects(tooMany, /takes 2 positional arguments but 3 were given/);
      const unknown = app.sendTask("proj.add", [1, 2], { kwargs: { z: 3 } }).get({ timeout: 5 });
      await assert.rejects(unknown, /unexpected keyword argument 'z'/);
    });
  });

  test(`${store.name}: an error comes back as what it was`, async () => {
    await withWorker(store, async (app) => {
      const boom = app.task("proj.boom", (): number => {
        throw new RangeError("too far");
      });
      const custom = app.task("proj.custom", (): number => {
        throw new TaskError("bad", { type: "ValueError", module: "builtins", args: ["bad", 42] });
      });
      await assert.rejects(boom.delay().get({ timeout: 5 }), RangeError);
      await assert.rejects(custom.delay().get({ timeout: 5 }), { name: "ValueError", args: ["bad", 42] });
      await assert.rejects(app.sendTask("no.such").get({ timeout: 5 }), { code: "NOT_REGISTERED" });
    });
  });

  test(`${store.name}: retries: by hand, by error class, and until there are no more`, async () => {
    await withWorker(store, async (app) => {
      const byHand = app.task(
        "proj.byHand",
        (self, until: number) => {
          if (self.retries < until) self.retry({ countdown: 0 });
          return self.retries;
        },
        { bind: true },
      );
      const byClass = app.task(
        "proj.byClass",
        (): number => {
          throw new RangeError("again");
        },
        { autoretryFor: [RangeError], maxRetries: 2, defaultRetryDelay: 0 },
      );
      assert.equal(await byHand.delay(2).get({ timeout: 5 }), 2);
      await assert.rejects(byHand.delay(9).get({ timeout: 5 }), { code: "MAX_RETRIES" });
      await assert.rejects(byClass.delay().get({ timeout: 5 }), RangeError);
    });
  });

  test(`${store.name}: expired and ignored tasks`, async () => {
    await withWorker(store, async (app) => {
      const task = app.task("proj.add", add);
      await assert.rejects(task.applyAsync([1, 2], { expires: -1 }).get({ timeout: 5 }), {
        code: "TASK_REVOKED",
      });
      const ignored = app.task("proj.ignored", () => {
        throw new Ignore();
      });
      const result = await ignored.delay();
      assert.equal(await task.delay(1, 1).get({ timeout: 5 }), 2);
      assert.equal(await result.state(), "PENDING");
    });
  });

  test(`${store.name}: progress is seen while the task runs`, async () => {
    const go = Promise.withResolvers<void>();
    await withWorker(store, async (app) => {
      const slow = app.task(
        "proj.slow",
        async (self) => {
          await self.updateState("PROGRESS", { done: 1 });
          await go.promise;
          return "end";
        },
        { bind: true },
      );
      const seen: unknown[] = [];
      for await (const { state, info } of await slow.delay()) {
        seen.push([state, info]);
        go.resolve();
      }
      assert.deepEqual(seen, [
        ["PROGRESS", { done: 1 }],
        ["SUCCESS", "end"],
      ]);
    });
  });

  test(`${store.name}: chain, group, chord, and what they nest`, { skip: !store.chords }, async () => {
    await withWorker(store, async (app) => {
      const plus = app.task("proj.add", add);
      const sum = app.task("proj.sum", (xs: number[]) => xs.reduce(add, 0));
      const timeout = { timeout: 5 };
      assert.equal(await chain(plus.s(1, 2), plus.s(3), plus.s(4)).delay().get(timeout), 10);
      assert.deepEqual(await group(plus.s(1, 2), plus.s(3, 4)).delay().get(timeout), [3, 7]);
      assert.equal(
        await chord([plus.s(1, 2), plus.s(3, 4)], sum.s())
          .delay()
          .get(timeout),
        10,
      );
      const upgraded = chain([plus.s(1, 1), group([plus.s(1), plus.s(2)]), sum.s(), plus.s(100)]);
      assert.equal(await upgraded.delay().get(timeout), 107);
      const nested = chord([chain(plus.s(1, 1), plus.s(1)), chord([plus.s(1, 1)], sum.s())], sum.s());
      assert.equal(await nested.delay().get(timeout), 5);
      assert.deepEqual(
        await chain([plus.s(1, 1), group([plus.s(1), plus.s(2)])])
          .delay()
          .get(timeout),
        [3, 4],
      );
      assert.deepEqual(
        await plus
          .starmap([
            [1, 2],
            [3, 4],
          ])
          .delay()
          .get(timeout),
        [3, 7],
      );
      assert.deepEqual(
        await plus
          .chunks(
            [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
            2,
          )
          .delay()
          .get(timeout),
        [[3, 7], [11]],
      );
      assert.equal(
        await chord([] as Signature<[], number>[], sum.s())
          .delay()
          .get(timeout),
        0,
      );
    });
  });

  test(
    `${store.name}: a failure ends the whole chain and the chord's body`,
    { skip: !store.chords },
    async () => {
      await withWorker(store, async (app) => {
        const plus = app.task("proj.add", add);
        const boom = app.task("proj.boom", (x: number): number => {
          throw new TypeError(`boom ${x}`);
        });
        const timeout = { timeout: 5 };
        await assert.rejects(chain(plus.s(1, 2), boom.s(), plus.s(4)).delay().get(timeout), /boom 3/);
        const sum = app.task("proj.sum", (xs: number[]) => xs.reduce(add, 0));
        await assert.rejects(
          chord([plus.s(1, 2), boom.s(1)], sum.s())
            .delay()
            .get(timeout),
          { code: "CHORD" },
        );
        await assert.rejects(
          chord([plus.s(1, 2), chain(boom.s(1), plus.s(1))], sum.s())
            .delay()
            .get(timeout),
          {
            code: "CHORD",
          },
        );
      });
    },
  );

  test(`${store.name}: links get the result, errbacks the failed task's id`, async () => {
    await withWorker(store, async (app) => {
      const plus = app.task("proj.add", add);
      const boom = app.task("proj.boom", (): number => {
        throw new Error("boom");
      });
      const called = Promise.withResolvers<string>();
      const errback = app.task("proj.errback", (id: string) => called.resolve(id));
      const sent = await plus.applyAsync([1, 2], { link: plus.s(10) });
      assert.equal(await sent.get({ timeout: 5 }), 3);
      const [child] = await sent.children();
      assert.equal(await child!.get({ timeout: 5 }), 13);
      const failing = await boom.applyAsync([], { linkError: errback.s() });
      assert.equal(await called.promise, failing.id);
    });
  });

  test(`${store.name}: a task can put another in its place`, { skip: !store.chords }, async () => {
    await withWorker(store, async (app) => {
      const plus = app.task("proj.add", add);
      const stand = app.task("proj.stand", (self): number => self.replace(plus.s(20, 22)), { bind: true });
      assert.equal(await stand.delay().get({ timeout: 5 }), 42);
      assert.equal(await chain(stand.s(), plus.s(1)).delay().get({ timeout: 5 }), 43);
      const spread = app.task(
        "proj.spread",
        (self): number[] => self.replace(group(plus.s(1, 1), plus.s(2, 2))),
        {
          bind: true,
        },
      );
      assert.deepEqual(await spread.delay().get({ timeout: 5 }), [2, 4]);
    });
  });

  test(`${store.name}: stopping gives back what did not run`, async () => {
    const { settings, dispose } = store.open();
    const app = new Celery("proj", settings);
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const hold = app.task("proj.hold", async (n: number) => {
      started.resolve();
      await go.promise;
      return n;
    });
    const first = app.worker({ concurrency: 1, log: () => {} });
    await first.start();
    const sent = [1, 2, 3].map((n) => hold.delay(n));
    await started.promise;
    const stopping = first.stop();
    go.resolve();
    await stopping;
    const second = app.worker({ concurrency: 1, log: () => {} });
    await second.start();
    assert.deepEqual(await Promise.all(sent.map((result) => result.get({ timeout: 5 }))), [1, 2, 3]);
    await second.stop();
    await app.close();
    dispose();
  });
}
