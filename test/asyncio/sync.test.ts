import {
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  CapacityLimiter,
  Condition,
  Event,
  Lock,
  LockOwnershipError,
  Semaphore,
  TimeoutError,
  createTask,
  group,
  moveOnAfter,
  sleep,
} from "spool/asyncio";
import { waitAllBlocked } from "spool/testing";
import { StateError } from "spool";
import { Boom, assert, errorOf, failing, vtest } from "./support.ts";

/** What lock-like things have in common, run over each of them. */
const exclusive = {
  Lock: () => new Lock(),
  "Semaphore(1)": () => new Semaphore(1),
  "BoundedSemaphore(1)": () => new BoundedSemaphore(1),
  "CapacityLimiter(1)": () => new CapacityLimiter(1),
};

for (const [name, make] of Object.entries(exclusive)) {
  vtest(`${name}: an uncontended acquire needs no time and no turn`, async () => {
    const lock = make();
    let acquired = false;
    void lock.acquire().then(() => (acquired = true));
    await Promise.resolve();
    assert.equal(acquired, true);
    lock.release();
  });

  vtest(`${name}: waiters get it in the order they came, without barging`, async () => {
    const lock = make();
    const order: string[] = [];
    await lock.acquire();
    const waiters = ["a", "b", "c"].map((who) =>
      createTask(() => lock.acquire().then(() => order.push(who))),
    );
    await waitAllBlocked();
    assert.equal(lock.waiting, 3);
    lock.release();
    assert.equal(lock.acquireNowait(), false, "handed over already");
    await waitAllBlocked();
    assert.deepEqual(order, ["a"]);
    lock.release();
    await waitAllBlocked();
    lock.release();
    await Promise.all(waiters.map((w) => w.join()));
    assert.deepEqual(order, ["a", "b", "c"]);
    lock.release();
    assert.equal(lock.acquireNowait(), true);
  });

  vtest(`${name}: a waiter that is cancelled leaves the queue; the next gets it`, async () => {
    const lock = make();
    await lock.acquire();
    const first = createTask(() => lock.acquire());
    const second = createTask(() => lock.acquire().then(() => "second"));
    await waitAllBlocked();
    first.cancel();
    await errorOf(first);
    lock.release();
    assert.equal(await second.join(), "second");
  });

  vtest(`${name}: a grant wins over a cancellation of the same turn`, async () => {
    const lock = make();
    await lock.acquire();
    const waiter = createTask(() => lock.acquire().then(() => "got it"));
    await waitAllBlocked();
    lock.release();
    waiter.cancel();
    assert.equal(await waiter.join(), "got it");
    assert.equal(lock.acquireNowait(), false);
  });

  vtest(`${name}: a cancellation wins over a later grant, which goes to the next`, async () => {
    const lock = make();
    await lock.acquire();
    const waiter = createTask(() => lock.acquire());
    await waitAllBlocked();
    waiter.cancel();
    lock.release();
    await errorOf(waiter);
    assert.equal(lock.acquireNowait(), true);
  });

  vtest(`${name}: acquire with a timeout or a signal gives up and leaves the queue`, async (clock) => {
    const lock = make();
    await lock.acquire();
    const error = await errorOf(lock.acquire({ timeout: 2 }));
    assert.ok(error instanceof TimeoutError);
    assert.match(error.message, /acquire timed out after 2 s/);
    const reason = new Boom("stop");
    assert.equal(await errorOf(lock.acquire({ signal: AbortSignal.abort(reason) })), reason);
    assert.deepEqual([lock.waiting, clock.now()], [0, 2]);
    lock.release();
  });

  vtest(`${name}: in a cancelled scope, acquire is refused even when it is free`, async () => {
    const lock = make();
    await group(async (g) => {
      g.cancel();
      await lock.acquire();
      assert.fail("acquired");
    });
    assert.equal(lock.acquireNowait(), true);
  });

  vtest(
    `${name}: releasing what is not held is an error${name === "Semaphore(1)" ? " only of the bounded kind" : ""}`,
    async () => {
      const lock = make();
      if (name === "Semaphore(1)") lock.release();
      else
        assert.throws(
          () => lock.release(),
          (e) => e instanceof LockOwnershipError || e instanceof StateError,
        );
    },
  );

  vtest(`${name}: scoped use gives the value, and releases on error and on cancellation`, async () => {
    const lock = make();
    const use = <T>(fn: () => Promise<T>): Promise<T> => ("with" in lock ? lock.with(fn) : lock.run(fn));
    assert.equal(await use(async () => 5), 5);
    assert.equal((await errorOf(use(failing("x")))).message, "x");
    await moveOnAfter(1, () => use(() => sleep(9)));
    assert.equal(lock.acquireNowait(), true);
  });

  vtest(`${name}: a hundred tasks never meet inside`, async () => {
    const lock = make();
    let inside = 0;
    let passed = 0;
    await group((g) => {
      for (let i = 0; i < 100; i++) {
        g.spawn(async () => {
          await lock.acquire();
          assert.equal(++inside, 1);
          await sleep(i % 3);
          inside--;
          passed++;
          lock.release();
        });
      }
    });
    assert.equal(passed, 100);
  });
}

vtest("Lock says whether it is locked", async () => {
  const lock = new Lock();
  assert.equal(lock.locked(), false);
  await lock.with(async () => assert.equal(lock.locked(), true));
  assert.equal(lock.locked(), false);
});

vtest("Semaphore admits as many as its value", async (clock) => {
  const semaphore = new Semaphore(3);
  await group((g) => {
    for (let i = 0; i < 7; i++) g.spawn(() => semaphore.with(() => sleep(1)));
  });
  assert.deepEqual([clock.now(), semaphore.value, semaphore.locked()], [3, 3, false]);
});

vtest("Semaphore(0) admits nobody until a release", async () => {
  const semaphore = new Semaphore(0);
  const waiter = createTask(() => semaphore.acquire());
  await waitAllBlocked();
  assert.deepEqual([semaphore.locked(), waiter.done()], [true, false]);
  semaphore.release();
  await waiter;
});

vtest("an unbounded semaphore may be released beyond its start", async () => {
  const semaphore = new Semaphore(1);
  semaphore.release();
  assert.equal(semaphore.value, 2);
});

vtest("wrong sizes are refused by name", async () => {
  assert.throws(() => new Semaphore(-1), /`value`/);
  assert.throws(() => new Barrier(0), /`parties`/);
  assert.throws(() => new CapacityLimiter(0), /`totalTokens`/);
});

vtest("Event: waiters wake when it is set, later ones pass at once", async () => {
  const event = new Event();
  const waiters = [1, 2, 3].map(() => createTask(() => event.wait()));
  await waitAllBlocked();
  assert.deepEqual([event.isSet(), event.waiting], [false, 3]);
  event.set();
  await Promise.all(waiters.map((w) => w.join()));
  await event.wait();
  assert.deepEqual([event.isSet(), event.waiting], [true, 0]);
});

vtest("Event: set and cleared in one turn wakes those who waited", async () => {
  const event = new Event();
  const waiter = createTask(() => event.wait());
  await waitAllBlocked();
  event.set();
  event.clear();
  await waiter;
  assert.equal(event.isSet(), false);
});

vtest("Event: setting twice is setting once", async () => {
  const event = new Event();
  event.set();
  event.set();
  event.clear();
  assert.equal(event.isSet(), false);
  assert.ok((await errorOf(event.wait({ timeout: 1 }))) instanceof TimeoutError);
});

vtest("Event: waiting in a cancelled scope is refused even when it is set", async () => {
  const event = new Event();
  event.set();
  const reached = await group(async (g) => {
    g.cancel();
    await event.wait();
    return true;
  });
  assert.equal(reached, undefined);
});

vtest("Condition: wait gives the lock back and has it again afterwards", async () => {
  const condition = new Condition();
  const log: string[] = [];
  const waiter = createTask(() =>
    condition.with(async () => {
      await condition.wait();
      log.push(`woken, locked: ${condition.locked()}`);
    }),
  );
  await waitAllBlocked();
  assert.equal(condition.locked(), false);
  await condition.with(async () => {
    condition.notify();
    await waitAllBlocked();
    log.push("notifier still holds the lock");
  });
  await waiter;
  assert.deepEqual(log, ["notifier still holds the lock", "woken, locked: true"]);
  assert.equal(condition.locked(), false);
});

vtest("Condition: notify wakes as many as asked, notifyAll the rest", async () => {
  const condition = new Condition();
  let woken = 0;
  const waiters = [1, 2, 3, 4].map(() =>
    createTask(() => condition.with(() => condition.wait().then(() => void woken++))),
  );
  await waitAllBlocked();
  await condition.with(() => condition.notify(2));
  await waitAllBlocked();
  assert.deepEqual([woken, condition.waiting], [2, 2]);
  await condition.with(() => condition.notifyAll());
  await Promise.all(waiters.map((w) => w.join()));
  assert.equal(woken, 4);
});

vtest("Condition: a notification with nobody waiting is lost, as it should be", async () => {
  const condition = new Condition();
  await condition.with(() => condition.notify());
  assert.ok((await errorOf(condition.with(() => condition.wait({ timeout: 1 })))) instanceof TimeoutError);
});

vtest("Condition: waitFor checks after each notification", async () => {
  const condition = new Condition();
  let n = 0;
  const waiter = createTask(() => condition.with(() => condition.waitFor(() => n >= 3)));
  for (let i = 0; i < 3; i++) {
    await waitAllBlocked();
    assert.equal(waiter.done(), false);
    await condition.with(() => {
      n++;
      condition.notifyAll();
    });
  }
  await waiter;
});

vtest("Condition: waitFor that holds already does not wait", async () => {
  const condition = new Condition();
  await condition.with(() => condition.waitFor(() => true));
});

vtest("Condition: a cancelled wait has taken its lock again before it throws", async () => {
  const condition = new Condition();
  const states: boolean[] = [];
  const waiter = createTask(() =>
    condition.with(async () => {
      try {
        await condition.wait();
      } finally {
        states.push(condition.locked());
      }
    }),
  );
  await waitAllBlocked();
  await condition.with(async () => {
    waiter.cancel();
    await waitAllBlocked();
    assert.deepEqual(states, [], "it has to wait for the lock first");
  });
  await errorOf(waiter);
  assert.deepEqual([states, condition.locked()], [[true], false]);
});

vtest("Condition: a wait that times out holds the lock again", async () => {
  const condition = new Condition();
  await condition.acquire();
  assert.ok((await errorOf(condition.wait({ timeout: 1 }))) instanceof TimeoutError);
  assert.equal(condition.locked(), true);
  condition.release();
});

vtest("Condition: a notified waiter that is cancelled in the same turn is not a lost wakeup", async () => {
  const condition = new Condition();
  let woken = false;
  const waiter = createTask(() => condition.with(() => condition.wait().then(() => void (woken = true))));
  await waitAllBlocked();
  await condition.with(() => {
    condition.notify();
    waiter.cancel();
  });
  await waiter;
  assert.equal(woken, true);
});

vtest("Condition: wait and notify without the lock are errors", async () => {
  const condition = new Condition();
  assert.ok((await errorOf(condition.wait())) instanceof LockOwnershipError);
  assert.throws(() => condition.notify(), LockOwnershipError);
  assert.throws(() => condition.notifyAll(), LockOwnershipError);
});

vtest("Condition: several conditions may share a lock", async () => {
  const lock = new Lock();
  const [a, b] = [new Condition(lock), new Condition(lock)];
  const waiter = createTask(() => a.with(() => a.wait()));
  await waitAllBlocked();
  await b.with(() => a.notify());
  await waiter;
});

vtest("Barrier: all wait for the last, who gets the highest number; it can be used again", async () => {
  const barrier = new Barrier(3);
  for (let round = 0; round < 2; round++) {
    const numbers = await group(async (g) => {
      const tasks = [0, 1, 2].map(() => g.spawn(() => barrier.wait()));
      return Promise.all(tasks.map((task) => task.join()));
    });
    assert.deepEqual(numbers, [0, 1, 2]);
  }
  assert.equal(barrier.nWaiting, 0);
});

vtest("Barrier: a party that gives up breaks it for the others", async () => {
  const barrier = new Barrier(3);
  const patient = createTask(() => barrier.wait());
  await waitAllBlocked();
  assert.equal(barrier.nWaiting, 1);
  assert.ok((await errorOf(barrier.wait({ timeout: 1 }))) instanceof TimeoutError);
  assert.ok((await errorOf(patient)) instanceof BrokenBarrierError);
  assert.equal(barrier.broken, true);
  assert.ok((await errorOf(barrier.wait())) instanceof BrokenBarrierError);
});

vtest("Barrier: a cancelled party breaks it too", async () => {
  const barrier = new Barrier(3);
  const [a, b] = [createTask(() => barrier.wait()), createTask(() => barrier.wait())];
  await waitAllBlocked();
  a.cancel();
  assert.ok((await errorOf(b)) instanceof BrokenBarrierError);
  await errorOf(a);
});

vtest("Barrier: reset empties it and mends it", async () => {
  const barrier = new Barrier(2);
  barrier.abort();
  barrier.reset();
  const waiter = createTask(() => barrier.wait());
  await waitAllBlocked();
  barrier.reset();
  assert.ok((await errorOf(waiter)) instanceof BrokenBarrierError);
  assert.equal(barrier.broken, false);
  const both = await Promise.all([barrier.wait(), barrier.wait()]);
  assert.deepEqual(both, [0, 1]);
});

vtest("Barrier: of one party nobody waits", async () => {
  assert.equal(await new Barrier(1).wait(), 0);
});

vtest("CapacityLimiter: more tokens wake waiters at once", async () => {
  const limiter = new CapacityLimiter(1);
  const tasks = [1, 2, 3].map(() => createTask(() => limiter.run(() => sleep(5))));
  await waitAllBlocked();
  assert.deepEqual([limiter.borrowedTokens, limiter.waiting], [1, 2]);
  limiter.totalTokens = 3;
  await waitAllBlocked();
  assert.deepEqual([limiter.borrowedTokens, limiter.waiting], [3, 0]);
  await Promise.all(tasks.map((t) => t.join()));
});

vtest("CapacityLimiter: fewer tokens take effect as calls end", async (clock) => {
  const limiter = new CapacityLimiter(2);
  await group(async (g) => {
    for (let i = 0; i < 4; i++) g.spawn(() => limiter.run(() => sleep(1)));
    await sleep(0);
    limiter.totalTokens = 1;
    assert.equal(limiter.availableTokens, 0);
  });
  assert.equal(clock.now(), 3);
});

vtest("CapacityLimiter: run passes arguments", async () => {
  assert.equal(await new CapacityLimiter(2).run(async (a: number, b: string) => `${a}${b}`, 1, "x"), "1x");
});
