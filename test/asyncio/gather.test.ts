import {
  ALL_COMPLETED,
  CancelledError,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  TimeoutError,
  asCompleted,
  createTask,
  gather,
  gatherSettled,
  group,
  mapLimit,
  moveOnAfter,
  race,
  sleep,
  timeout,
  wait,
} from "spool/asyncio";
import { Boom, assert, errorOf, failing, vtest, warningsDuring } from "./support.ts";

const after =
  <T>(seconds: number, value: T) =>
  async (): Promise<T> => {
    await sleep(seconds);
    return value;
  };

vtest("gather gives the values in the order of the list, whoever ends first", async (clock) => {
  assert.deepEqual(await gather([after(3, "a"), after(1, "b"), after(2, "c")]), ["a", "b", "c"]);
  assert.equal(clock.now(), 3);
});

vtest("gather of nothing is an empty list", async () => {
  assert.deepEqual(await gather([]), []);
});

vtest("gather keeps the types of a tuple", async () => {
  const [text, number]: [string, number] = await gather([async () => "s", () => 1]);
  assert.deepEqual([text, number], ["s", 1]);
});

vtest("gather takes any iterable, of functions, tasks and promises", async () => {
  const works = new Set<(() => Promise<number>) | PromiseLike<number>>([
    async () => 1,
    createTask(async () => 2),
    Promise.resolve(3),
  ]);
  assert.deepEqual(await gather(works), [1, 2, 3]);
});

vtest("gather throws the first error only when everything has ended", async (clock) => {
  const log: string[] = [];
  const error = await errorOf(
    gather([
      async () => {
        await sleep(1);
        throw new Boom("first");
      },
      () => sleep(9).finally(() => log.push(`sibling ended at ${clock.now()}`)),
    ]),
  );
  log.push("rejected");
  assert.deepEqual([error.message, log], ["first", ["sibling ended at 1", "rejected"]]);
});

vtest("gather reports the further errors of unwinding siblings", async () => {
  const warnings = await warningsDuring(async () => {
    const error = await errorOf(
      gather([
        failing("first"),
        () =>
          sleep(5).catch(() => {
            throw new Boom("second");
          }),
      ]),
    );
    assert.equal(error.message, "first");
  });
  assert.match(warnings.join(), /SpoolSuppressedWarning: gather.*second/s);
});

vtest("after a synchronous failure the rest of the list is not started", async () => {
  let started = false;
  const error = await errorOf(
    gather([
      () => {
        throw new Boom("now");
      },
      async () => {
        started = true;
      },
    ]),
  );
  await sleep(0);
  assert.deepEqual([error.message, started], ["now", false]);
});

vtest("gather in a cancelled scope starts nothing and throws the scope's reason", async () => {
  let started = false;
  let error: unknown;
  await group(async (g) => {
    g.cancel(new CancelledError("why"));
    await gather([async () => void (started = true)]).catch((e: unknown) => {
      error = e;
    });
  });
  assert.deepEqual([started, (error as Error).message], [false, "why"]);
});

vtest("tasks in a list are waited for, not cancelled, when another fails", async () => {
  const task = createTask(after(5, "survivor"));
  await errorOf(gather([task, failing("x")]));
  assert.equal(await task.join(), "survivor");
});

vtest("a cancelled gather cancels its functions and throws the reason", async (clock) => {
  const ended: number[] = [];
  const value = await moveOnAfter(2, () =>
    gather([1, 2].map(() => () => sleep(9).finally(() => ended.push(clock.now())))),
  );
  assert.deepEqual([value, ended], [undefined, [2, 2]]);
});

vtest("gather with a timeout throws TimeoutError when all have ended", async (clock) => {
  const error = await errorOf(gather([after(1, 1), after(9, 2)], { timeout: 3 }));
  assert.ok(error instanceof TimeoutError);
  assert.equal(clock.now(), 3);
});

vtest("gather listens to a signal", async () => {
  const controller = new AbortController();
  const reason = new Boom("stop");
  const gathered = errorOf(gather([after(9, 1)], { signal: controller.signal }));
  controller.abort(reason);
  assert.equal(await gathered, reason);
});

vtest("values that all came in spite of a cancellation are given", async () => {
  const values = await moveOnAfter(1, () => gather([() => sleep(9).catch(() => "a"), async () => "b"]));
  assert.deepEqual(values, ["a", "b"]);
});

vtest("awaiting a cancelled task fails the gather with CancelledError", async () => {
  const task = createTask(after(9, 1));
  task.cancel();
  assert.ok((await errorOf(gather([task]))) instanceof CancelledError);
});

vtest("what is not work is refused with its index", async () => {
  assert.match(
    (await errorOf(gather([async () => 1, 2 as never]))).message,
    /`works\[1\]` must be a function/,
  );
  assert.match((await errorOf(gather(3 as never))).message, /`works` must be an iterable/);
});

vtest("gatherSettled gives every outcome and cancels nothing", async (clock) => {
  const outcomes = await gatherSettled([after(2, "v"), failing("x"), Promise.resolve(1)]);
  assert.deepEqual(
    outcomes.map((o) => (o.ok ? o.value : (o.error as Error).message)),
    ["v", "x", 1],
  );
  assert.equal(clock.now(), 2);
});

vtest("gatherSettled passes a cancellation from above on", async () => {
  assert.ok((await errorOf(timeout(1, () => gatherSettled([after(9, 1)])))) instanceof TimeoutError);
});

vtest("race gives the first value when the losers have ended", async (clock) => {
  const log: string[] = [];
  const value = await race([after(1, "fast"), () => sleep(9).finally(() => log.push(`at ${clock.now()}`))]);
  assert.deepEqual([value, log], ["fast", ["at 1"]]);
});

vtest("race throws when the first to end has failed", async (clock) => {
  const error = await errorOf(race([failing("x"), after(5, 1)]));
  assert.deepEqual([error.message, clock.now()], ["x", 0]);
});

vtest("a loser that returns in spite of its cancellation does not win", async () => {
  assert.equal(await race([after(1, "first"), () => sleep(9).catch(() => "second")]), "first");
});

vtest("a loser's error during unwinding is thrown, not hidden", async () => {
  const error = await errorOf(
    race([
      after(1, "fast"),
      () =>
        sleep(9).catch(() => {
          throw new Boom("cleanup failed");
        }),
    ]),
  );
  assert.equal(error.message, "cleanup failed");
});

vtest("race of nothing is refused: it would never end", async () => {
  assert.match((await errorOf(race([]))).message, /at least one/);
});

vtest("race gives undefined when that is what the winner returned", async () => {
  assert.equal(await race([async () => undefined, after(1, 2)]), undefined);
});

vtest("mapLimit gives results in order and never runs more than its limit", async (clock) => {
  let running = 0;
  let most = 0;
  const results = await mapLimit([5, 1, 3, 2, 4], 2, async (x, index) => {
    most = Math.max(most, ++running);
    await sleep(x);
    running--;
    return [index, x * 10];
  });
  assert.deepEqual(results, [
    [0, 50],
    [1, 10],
    [2, 30],
    [3, 20],
    [4, 40],
  ]);
  assert.deepEqual([most, clock.now()], [2, 9]);
});

vtest("mapLimit with limit 1 is a loop, with Infinity it is gather", async (clock) => {
  await mapLimit([1, 2, 3], 1, sleep as (x: number) => Promise<void>);
  assert.equal(clock.now(), 6);
  await mapLimit([1, 2, 3], Infinity, (x) => sleep(x));
  assert.equal(clock.now(), 9);
});

vtest("mapLimit of nothing is empty; synchronous results are fine", async () => {
  assert.deepEqual(await mapLimit([], 3, () => 1), []);
  assert.deepEqual(await mapLimit([1, 2], 3, (x) => x + 1), [2, 3]);
});

vtest("mapLimit takes items only as calls begin", async () => {
  let taken = 0;
  function* endless(): Generator<number> {
    while (true) yield taken++;
  }
  await errorOf(
    mapLimit(endless(), 3, async (x) => {
      await sleep(1);
      if (x === 4) throw new Boom("enough");
    }),
  );
  assert.ok(taken <= 9, `${taken} items taken`);
});

vtest("mapLimit closes an input that it leaves before its end", async () => {
  let closed = false;
  function* input(): Generator<number> {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed = true;
    }
  }
  await errorOf(mapLimit(input(), 2, failing("x")));
  assert.equal(closed, true);
});

vtest("mapLimit's first error cancels the running calls and is thrown after them", async (clock) => {
  const log: string[] = [];
  const error = await errorOf(
    mapLimit([1, 2, 3], 3, async (x) => {
      if (x === 1) {
        await sleep(1);
        throw new Boom("first");
      }
      await sleep(9).finally(() => log.push(`${x} ended at ${clock.now()}`));
    }),
  );
  assert.deepEqual([error.message, log], ["first", ["2 ended at 1", "3 ended at 1"]]);
});

vtest("mapLimit reads async input, in order, one item at a time", async (clock) => {
  async function* input(): AsyncGenerator<number> {
    for (let i = 0; i < 4; i++) {
      await sleep(1);
      yield i;
    }
  }
  assert.deepEqual(await mapLimit(input(), 2, after(3, "x")), ["x", "x", "x", "x"]);
  assert.equal(clock.now(), 9);
  assert.deepEqual(await mapLimit(input(), Infinity, (x) => sleep(10 - x).then(() => x)), [0, 1, 2, 3]);
});

vtest("an error of mapLimit's input is thrown when the calls have ended", async () => {
  async function* input(): AsyncGenerator<number> {
    yield 1;
    throw new Boom("input broke");
  }
  assert.equal((await errorOf(mapLimit(input(), 2, after(1, 1)))).message, "input broke");
  function* bad(): Generator<number> {
    yield 1;
    throw new Boom("sync input broke");
  }
  assert.equal((await errorOf(mapLimit(bad(), 2, after(1, 1)))).message, "sync input broke");
});

vtest("a cancelled mapLimit stops reading, also from an input that is stuck", async (clock) => {
  async function* stuck(): AsyncGenerator<number> {
    yield 1;
    await sleep(Infinity);
  }
  assert.equal(await moveOnAfter(2, () => mapLimit(stuck(), 2, after(1, 1))), undefined);
  assert.equal(clock.now(), 2);
});

vtest("mapLimit's limit must be a positive integer or Infinity", async () => {
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    assert.match((await errorOf(mapLimit([1], limit, (x) => x))).message, /`limit`/);
  }
  assert.match((await errorOf(mapLimit(3 as never, 1, (x) => x))).message, /`items`/);
});

vtest("mapLimit with a timeout", async (clock) => {
  assert.ok((await errorOf(mapLimit([1, 2, 3], 1, after(2, 1), { timeout: 3 }))) instanceof TimeoutError);
  assert.equal(clock.now(), 3);
});

vtest("asCompleted yields outcomes as they come, with their index", async () => {
  const seen: unknown[] = [];
  for await (const outcome of asCompleted([after(3, "slow"), after(1, "fast"), failing("bad")])) {
    seen.push([outcome.index, outcome.ok ? outcome.value : (outcome.error as Error).message]);
  }
  assert.deepEqual(seen, [
    [2, "bad"],
    [1, "fast"],
    [0, "slow"],
  ]);
});

vtest("asCompleted of nothing ends at once", async () => {
  for await (const _ of asCompleted([])) assert.fail();
});

vtest("leaving the loop of asCompleted cancels the rest and waits for it", async (clock) => {
  let ended = -1;
  for await (const outcome of asCompleted([
    after(1, "a"),
    () => sleep(9).finally(() => (ended = clock.now())),
  ])) {
    assert.ok(outcome.ok);
    break;
  }
  assert.equal(ended, 1);
});

vtest("asCompleted with a timeout throws it from the loop", async () => {
  const seen: unknown[] = [];
  const error = await errorOf(
    (async () => {
      for await (const outcome of asCompleted([after(1, "a"), after(9, "b")], { timeout: 3 })) {
        seen.push(outcome.ok && outcome.value);
      }
    })(),
  );
  assert.ok(error instanceof TimeoutError);
  assert.deepEqual(seen, ["a"]);
});

vtest("asCompleted may be consumed later than the work ends", async () => {
  const outcomes = asCompleted([after(1, 1), after(2, 2)]);
  await sleep(5);
  const values: unknown[] = [];
  for await (const outcome of outcomes) values.push(outcome.ok && outcome.value);
  assert.deepEqual(values, [1, 2]);
});

const works = (): [slow: PromiseLike<string>, fast: PromiseLike<string>] => [
  createTask(after(5, "slow")),
  createTask(after(1, "fast")),
];

vtest("wait returns when all are done, by default", async (clock) => {
  const [slow, fast] = works();
  const { done, pending } = await wait([slow, fast]);
  assert.deepEqual([done, pending.size, clock.now()], [new Set([fast, slow]), 0, 5]);
});

vtest("wait FIRST_COMPLETED leaves the rest pending and running", async (clock) => {
  const [slow, fast] = works();
  const { done, pending } = await wait([slow, fast], { returnWhen: FIRST_COMPLETED });
  assert.deepEqual([done, pending, clock.now()], [new Set([fast]), new Set([slow]), 1]);
  assert.equal(await slow, "slow");
});

vtest("wait FIRST_EXCEPTION returns at the first error", async (clock) => {
  const [slow, fast] = works();
  const bad = createTask(async () => {
    await sleep(2);
    throw new Boom("x");
  });
  const { done, pending } = await wait([slow, fast, bad], { returnWhen: FIRST_EXCEPTION });
  assert.deepEqual([done.has(bad), pending, clock.now()], [true, new Set([slow]), 2]);
  await slow;
});

vtest("wait FIRST_EXCEPTION does not take a cancelled task for a failed one", async (clock) => {
  const [slow] = works();
  const cancelled = createTask(after(9, 1));
  cancelled.cancel();
  await wait([slow, cancelled], { returnWhen: FIRST_EXCEPTION });
  assert.equal(clock.now(), 5);
});

vtest("wait's timeout is no error and cancels nothing", async (clock) => {
  const [slow, fast] = works();
  const { done, pending } = await wait([slow, fast], { timeout: 3, returnWhen: ALL_COMPLETED });
  assert.deepEqual([done.size, pending.size, clock.now()], [1, 1, 3]);
  await slow;
});

vtest("wait for nothing returns at once; an unknown condition is refused", async () => {
  assert.deepEqual(await wait([]), { done: new Set(), pending: new Set() });
  assert.match((await errorOf(wait([], { returnWhen: "SOMETIME" as never }))).message, /`returnWhen`/);
});

vtest("wait can be cancelled; what it waits for goes on", async () => {
  const [slow] = works();
  assert.equal(await moveOnAfter(1, () => wait([slow])), undefined);
  assert.equal(await slow, "slow");
});
