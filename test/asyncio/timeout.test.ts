import {
  CancelledError,
  TimeoutError,
  createTask,
  currentSignal,
  currentTime,
  group,
  moveOnAfter,
  shield,
  sleep,
  timeout,
  timeoutAt,
  wait,
  waitFor,
} from "spool/asyncio";
import { Boom, assert, errorOf, failing, vtest, warningsDuring } from "./support.ts";

vtest("work that ends in time gives its value, and the timer is gone", async (clock) => {
  assert.equal(await timeout(5, () => sleep(1).then(() => "v")), "v");
  assert.equal(clock.now(), 1);
});

vtest("time runs out: everything inside is cancelled, then TimeoutError", async (clock) => {
  let cleaned = -1;
  const error = await errorOf(timeout(2, () => sleep(9).finally(() => (cleaned = clock.now()))));
  assert.ok(error instanceof TimeoutError);
  assert.match(error.message, /did not end within 2 s/);
  assert.deepEqual([cleaned, clock.now()], [2, 2]);
});

vtest("what is inside sees a CancelledError, not the TimeoutError", async () => {
  let inside: unknown;
  await errorOf(
    timeout(1, () =>
      sleep(9).catch((error: unknown) => {
        inside = error;
        throw error;
      }),
    ),
  );
  assert.ok(inside instanceof CancelledError);
});

vtest("an outer deadline does not look like the inner one's", async (clock) => {
  let inner = "";
  const error = await errorOf(
    timeout(1, async () => {
      try {
        await timeout(5, () => sleep(9));
      } catch (e) {
        inner = (e as Error).name;
        throw e;
      }
    }),
  );
  assert.ok(error instanceof TimeoutError);
  assert.deepEqual([inner, clock.now()], ["CancelledError", 1]);
});

vtest("an inner deadline is an ordinary error for the outer block", async (clock) => {
  const value = await timeout(5, async () => {
    await errorOf(timeout(1, () => sleep(9)));
    await sleep(1);
    return clock.now();
  });
  assert.equal(value, 2);
});

vtest("a value that is returned after the deadline is returned all the same", async () => {
  assert.equal(await timeout(1, () => sleep(9).catch(() => "kept")), "kept");
});

vtest("a real error during unwinding beats the TimeoutError", async () => {
  const error = await errorOf(
    timeout(1, () =>
      sleep(9).catch(() => {
        throw new Boom("real");
      }),
    ),
  );
  assert.equal(error.message, "real");
});

vtest("an error before the deadline is thrown as it is", async () => {
  assert.equal((await errorOf(timeout(1, failing("x")))).message, "x");
  assert.equal(
    (
      await errorOf(
        timeout(1, () => {
          throw new Boom("sync");
        }),
      )
    ).message,
    "sync",
  );
});

vtest("timeout(0) cancels at the first wait that takes time", async (clock) => {
  assert.ok((await errorOf(timeout(0, () => sleep(1)))) instanceof TimeoutError);
  assert.equal(await timeout(0, async () => "no wait"), "no wait");
  assert.equal(clock.now(), 0);
});

vtest("timeout(Infinity) sets no timer", async (clock) => {
  assert.equal(await timeout(Infinity, () => sleep(3).then(() => 1)), 1);
  assert.equal(clock.now(), 3);
});

vtest("timeoutAt takes an absolute time", async (clock) => {
  await sleep(10);
  assert.ok((await errorOf(timeoutAt(currentTime() + 2, () => sleep(9)))) instanceof TimeoutError);
  assert.equal(clock.now(), 12);
  assert.ok((await errorOf(timeoutAt(5, () => sleep(9)))) instanceof TimeoutError);
  assert.equal(clock.now(), 12);
});

vtest("a deadline can be moved later and sooner", async (clock) => {
  await timeout(1, async (deadline) => {
    deadline.reschedule(currentTime() + 10);
    await sleep(5);
  });
  assert.equal(clock.now(), 5);
  await errorOf(
    timeout(100, async (deadline) => {
      deadline.reschedule(currentTime() + 1);
      await sleep(50);
    }),
  );
  assert.equal(clock.now(), 6);
});

vtest("a deadline can be taken away", async (clock) => {
  await timeout(1, async (deadline) => {
    deadline.reschedule(Infinity);
    await sleep(5);
    assert.equal(deadline.when(), Infinity);
  });
  assert.equal(clock.now(), 5);
});

vtest("a deadline moved into the past fires at the next wait", async (clock) => {
  await sleep(3);
  const error = await errorOf(
    timeout(10, async (deadline) => {
      deadline.reschedule(currentTime() - 1);
      await sleep(5);
    }),
  );
  assert.ok(error instanceof TimeoutError);
  assert.equal(clock.now(), 3);
});

vtest("when() and expired() tell about the deadline", async () => {
  let expired: boolean | undefined;
  await errorOf(
    timeout(2, async (deadline) => {
      assert.deepEqual([deadline.when(), deadline.expired()], [2, false]);
      await sleep(5).catch(() => {});
      expired = deadline.expired();
      await sleep(1);
    }),
  );
  assert.equal(expired, true);
});

vtest("deadline.signal fires when time is up", async () => {
  const aborted = await moveOnAfter(1, (deadline) =>
    sleep(5).catch(() => [deadline.signal.aborted, currentSignal().aborted]),
  );
  assert.deepEqual(aborted, [true, true]);
});

vtest("a wrong number of seconds is refused by name", async () => {
  for (const seconds of [-1, Number.NaN, "1" as never]) {
    assert.throws(() => void timeout(seconds, () => 1), /`seconds` must be a number of seconds/);
  }
});

vtest("moveOnAfter gives undefined when time runs out, the value when not", async (clock) => {
  assert.equal(await moveOnAfter(1, () => sleep(5).then(() => "v")), undefined);
  assert.equal(await moveOnAfter(5, () => sleep(1).then(() => "v")), "v");
  assert.equal(clock.now(), 2);
});

vtest("moveOnAfter throws real errors", async () => {
  assert.equal((await errorOf(moveOnAfter(1, failing("x")))).message, "x");
});

vtest("moveOnAfter does not swallow a cancellation from above", async (clock) => {
  const error = await errorOf(timeout(1, () => moveOnAfter(5, () => sleep(9))));
  assert.ok(error instanceof TimeoutError);
  assert.equal(clock.now(), 1);
});

vtest("moveOnAfter does not swallow the TimeoutError of a block inside", async () => {
  assert.ok((await errorOf(moveOnAfter(5, () => timeout(1, () => sleep(9))))) instanceof TimeoutError);
});

vtest("deadline.cancel() ends the block before its time", async (clock) => {
  const value = await moveOnAfter(10, async (deadline) => {
    await sleep(1);
    deadline.cancel();
    await sleep(1);
    return "never";
  });
  assert.deepEqual([value, clock.now()], [undefined, 1]);
  assert.ok((await errorOf(timeout(10, (d) => (d.cancel(), sleep(1))))) instanceof CancelledError);
});

vtest("the earliest of nested deadlines wins", async (clock) => {
  const order: string[] = [];
  await moveOnAfter(3, () =>
    moveOnAfter(1, () => moveOnAfter(2, () => sleep(9)).finally(() => order.push("2"))).finally(() =>
      order.push("1"),
    ),
  );
  assert.deepEqual([order, clock.now()], [["2", "1"], 1]);
});

vtest("a deadline reaches into groups and their children", async (clock) => {
  const log: string[] = [];
  await moveOnAfter(2, () =>
    group((g) => {
      for (const name of ["a", "b"]) g.spawn(() => sleep(9).finally(() => log.push(name)));
    }),
  );
  assert.deepEqual([log, clock.now()], [["a", "b"], 2]);
});

vtest("after the block the scope is left: later waits are not refused", async (clock) => {
  await moveOnAfter(1, () => sleep(5));
  await sleep(1);
  assert.equal(clock.now(), 2);
});

vtest("deaf work is abandoned at once, and that is said", async (clock) => {
  const warnings = await warningsDuring(async () => {
    const error = await errorOf(timeout(2, () => new Promise(() => {}), { name: "deaf call" }));
    assert.ok(error instanceof TimeoutError);
    assert.equal(clock.now(), 2);
  });
  assert.match(warnings.join(), /SpoolAbandonedWarning: timeout \(2 s\) gave up.*"deaf call"/);
});

vtest("work that listens gets a grace for its cleanup", async (clock) => {
  let cleaned = false;
  const error = await errorOf(
    timeout(1, async () => {
      try {
        await sleep(9);
      } finally {
        await shield(() => sleep(3));
        cleaned = true;
      }
    }),
  );
  assert.ok(error instanceof TimeoutError);
  assert.deepEqual([cleaned, clock.now()], [true, 4]);
});

vtest("after the grace, work that still cleans up is abandoned", async (clock) => {
  const warnings = await warningsDuring(async () => {
    await errorOf(timeout(1, () => sleep(9).finally(() => shield(() => sleep(100))), { grace: 2 }));
    assert.equal(clock.now(), 3);
    await sleep(200);
  });
  assert.match(warnings.join(), /SpoolAbandonedWarning/);
});

vtest("an error that abandoned work throws later is reported, not lost", async () => {
  const warnings = await warningsDuring(async () => {
    let fail!: (error: Error) => void;
    await errorOf(timeout(1, () => new Promise((_, reject) => (fail = reject))));
    fail(new Boom("too late"));
    await sleep(0);
  });
  assert.match(warnings.at(-1)!, /SpoolSuppressedWarning.*too late/s);
});

vtest("waitFor runs a function under a limit", async (clock) => {
  assert.equal(await waitFor(() => sleep(1).then(() => 2), 5), 2);
  assert.ok((await errorOf(waitFor(() => sleep(9), 1))) instanceof TimeoutError);
  assert.equal(clock.now(), 2);
});

vtest("waitFor of a task cancels the task and waits for its end", async (clock) => {
  let ended = -1;
  const task = createTask(() => sleep(9).finally(() => (ended = clock.now())));
  assert.ok((await errorOf(waitFor(task, 2))) instanceof TimeoutError);
  assert.deepEqual([task.cancelled(), ended], [true, 2]);
});

vtest("waitFor gives the value of a task that returns when it is cancelled", async () => {
  const task = createTask(() => sleep(9).catch(() => "salvaged"));
  assert.equal(await waitFor(task, 1), "salvaged");
});

vtest("waitFor of a promise ends only the wait", async (clock) => {
  const promise = sleep(5).then(() => "later");
  assert.ok((await errorOf(waitFor(promise, 1))) instanceof TimeoutError);
  assert.equal(clock.now(), 1);
  assert.equal(await promise, "later");
});

vtest("waitFor of something settled needs no time", async (clock) => {
  assert.equal(await waitFor(Promise.resolve(1), 0), 1);
  assert.equal((await errorOf(waitFor(Promise.reject(new Boom("x")), 1))).message, "x");
  assert.equal(clock.now(), 0);
});

vtest("waitFor listens to a signal", async () => {
  const controller = new AbortController();
  const reason = new Boom("stop");
  const waits = [
    waitFor(() => sleep(9), 50, { signal: controller.signal }),
    waitFor(sleep(1), 50, { signal: controller.signal }),
  ];
  controller.abort(reason);
  for (const wait of waits) assert.equal(await errorOf(wait), reason);
});

vtest("a cancelled waiter of waitFor does not cancel the task it waits for", async () => {
  const worker = createTask(() => sleep(3).then(() => 1));
  const waiter = createTask(() => waitFor(worker, 50));
  await sleep(1);
  waiter.cancel();
  await errorOf(waiter);
  assert.equal(await worker.join(), 1);
});

vtest("waitFor throws the error that its task unwinds with", async () => {
  const task = createTask(() =>
    sleep(9).catch(() => {
      throw new Boom("while unwinding");
    }),
  );
  const error = await errorOf(waitFor(task, 1));
  assert.equal((error as Error).message, "while unwinding");
});

vtest("a waiter that is cancelled with a TimeoutError has not run out of time itself", async (clock) => {
  const task = createTask(() => sleep(3).then(() => "done"));
  const reason = new TimeoutError("of someone else");
  const waits: (() => Promise<unknown>)[] = [() => waitFor(task, 9), () => wait([task], { timeout: 9 })];
  for (const waiting of waits) {
    const waiter = createTask(waiting);
    await sleep(1);
    waiter.cancel(reason);
    assert.equal((await errorOf(waiter)).cause, reason);
  }
  assert.equal(await task, "done");
  assert.equal(clock.now(), 3);
});

vtest("a deadline also bounds work that goes on after a cancellation from above", async (clock) => {
  const release = Promise.withResolvers<void>();
  const warnings = await warningsDuring(async () => {
    await group(async (g) => {
      g.spawn(() => timeout(2, () => release.promise, { grace: 4 }));
      await sleep(1);
      g.cancel();
    });
    assert.equal(clock.now(), 6);
  });
  assert.equal(warnings.filter((text) => /SpoolAbandonedWarning/.test(text)).length, 1);
  release.resolve();
});

vtest("sleep ends by scope and by signal, and its timer goes with it", async (clock) => {
  const controller = new AbortController();
  const asleep = errorOf(sleep(1000, { signal: controller.signal }));
  controller.abort(new Boom("awake"));
  assert.equal((await asleep).message, "awake");
  await sleep(1);
  assert.equal(clock.now(), 1);
});

vtest("sleep(Infinity) sleeps until it is cancelled", async (clock) => {
  await moveOnAfter(7, () => sleep(Infinity));
  assert.equal(clock.now(), 7);
});

vtest("sleepers wake in the order of their times, equal times in the order they began", async () => {
  const order: string[] = [];
  await group((g) => {
    for (const [name, seconds] of [
      ["c", 3],
      ["a1", 1],
      ["b", 2],
      ["a2", 1],
    ] as const) {
      g.spawn(() => sleep(seconds).then(() => order.push(name)));
    }
  });
  assert.deepEqual(order, ["a1", "a2", "b", "c"]);
});

vtest("shield keeps its work from a cancellation, which strikes at the next wait", async (clock) => {
  const log: string[] = [];
  await moveOnAfter(1, async () => {
    const value = await shield(() => sleep(3).then(() => "finished"));
    log.push(value, `at ${clock.now()}`);
    await sleep(1);
    log.push("never");
  });
  assert.deepEqual(log, ["finished", "at 3"]);
});

vtest("inside a shield, an own timeout still works", async (clock) => {
  await moveOnAfter(1, () => shield(() => moveOnAfter(4, () => sleep(100))));
  assert.equal(clock.now(), 4);
});

vtest("a shield inside a cancelled scope lets cleanup wait", async (clock) => {
  await moveOnAfter(1, async () => {
    try {
      await sleep(9);
    } finally {
      await shield(() => sleep(2));
    }
  });
  assert.equal(clock.now(), 3);
});

vtest("a shield throws its work's error and keeps none of it", async () => {
  assert.equal((await errorOf(shield(failing("x")))).message, "x");
});

vtest("currentSignal() inside a shield does not fire with the scope outside", async () => {
  const aborted = await moveOnAfter(1, () => shield(() => sleep(3).then(() => currentSignal().aborted)));
  assert.equal(aborted, false);
});
