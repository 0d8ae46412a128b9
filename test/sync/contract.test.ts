import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as multiprocessing from "spool/multiprocessing";
import * as threading from "spool/threading";
import { type Remote, remote } from "../support/remote.ts";

/**
 * The contract of the primitives: every case runs over two remotes (threads, processes, or one of each) and in both
 * forms. A remote does one call at a time, so a pending call is a waiter.
 */
interface Site {
  readonly memory: typeof threading | typeof multiprocessing;
  /** How often those cases repeat that count: a call by socket takes a thousand times as long. */
  readonly times: number;
  readonly a: Remote;
  readonly b: Remote;
  /** Calls the blocking or the asynchronous form. */
  readonly wait: <R = unknown>(at: Remote, name: string, method: string, ...args: unknown[]) => Promise<R>;
  readonly give: (objects: Record<string, unknown>) => Promise<void>;
}

const CASES: Record<string, (site: Site) => Promise<void>> = {
  async "Lock: held there, not to be had here"({ memory, a, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    assert.equal(await wait(a, "lock", "acquire"), true);
    assert.equal(lock.tryAcquire(), false);
    assert.equal(lock.locked(), true);
    await a.call("lock", "release");
    assert.equal(lock.locked(), false);
    assert.equal(lock.tryAcquire(), true);
    lock.release();
  },
  async "Lock: a waiter gets it when it is released"({ memory, a, b, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    const got = wait(b, "lock", "acquire");
    await a.call("lock", "release");
    assert.equal(await got, true);
    assert.equal(await a.call("lock", "locked"), true);
    await b.call("lock", "release");
  },
  async "Lock: three in a row"({ memory, a, b, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await lock.acquire();
    const pass = async (at: Remote): Promise<void> => {
      await wait(at, "lock", "acquire");
      await at.call("lock", "release");
    };
    const both = Promise.all([pass(a), pass(b)]);
    lock.release();
    await both;
    assert.equal(lock.locked(), false);
  },
  async "Lock: a waiter gives up after its timeout, and leaves nothing behind"({ memory, a, b, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    assert.equal(await wait(b, "lock", "acquire", { timeout: 0.02 }), false);
    assert.equal(await wait(b, "lock", "acquire", { timeout: 0 }), false);
    await a.call("lock", "release");
    assert.equal(await wait(b, "lock", "acquire", { timeout: 60 }), true);
    await b.call("lock", "release");
  },
  async "Lock: only its holder may release"({ memory, a, b, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    await assert.rejects(b.call("lock", "release"), { code: "LOCK_OWNERSHIP" });
    assert.throws(() => lock.release(), { code: "LOCK_OWNERSHIP" });
    assert.equal(lock.locked(), true);
    await a.call("lock", "release");
    await assert.rejects(a.call("lock", "release"), { code: "LOCK_OWNERSHIP" });
  },
  async "Lock: not reentrant"({ memory, a, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    assert.equal(await wait(a, "lock", "acquire", { timeout: 0.02 }), false);
    await a.call("lock", "release");
  },
  async "Lock: no increment is lost"({ memory, times, a, b, give }) {
    const lock = new memory.Lock();
    const counter = new memory.Value("i", 0);
    await give({ lock, counter });
    const there = [a.script("incrementSync", times), b.script("increment", times)];
    for (let i = 0; i < 20; i++) await lock.with(() => counter.value++);
    await Promise.all(there);
    assert.equal(counter.value, 2 * times + 20);
    assert.equal(lock.statistics().acquisitions, 2 * times + 20);
  },
  async "RLock: acquired again by its holder, free after as many releases"({ memory, a, b, wait, give }) {
    const lock = new memory.RLock();
    await give({ lock });
    for (let i = 0; i < 3; i++) assert.equal(await wait(a, "lock", "acquire"), true);
    assert.equal(await a.get("lock", "depth"), 3);
    assert.equal(await b.get("lock", "depth"), 0);
    for (let i = 0; i < 2; i++) await a.call("lock", "release");
    assert.equal(await b.call("lock", "tryAcquire"), false);
    await a.call("lock", "release");
    assert.equal(await b.call("lock", "tryAcquire"), true);
    await b.call("lock", "release");
  },
  async "RLock: a waiter gets it after the last release"({ memory, a, b, wait, give }) {
    const lock = new memory.RLock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    await wait(a, "lock", "acquire");
    const got = wait(b, "lock", "acquire");
    await a.call("lock", "release");
    await a.call("lock", "release");
    assert.equal(await got, true);
    await assert.rejects(a.call("lock", "release"), { code: "LOCK_OWNERSHIP" });
    await b.call("lock", "release");
  },
  async "Semaphore: as many as there are permits"({ memory, a, b, wait, give }) {
    const semaphore = new memory.Semaphore(2);
    await give({ semaphore });
    assert.equal(await wait(a, "semaphore", "acquire"), true);
    assert.equal(await wait(b, "semaphore", "acquire"), true);
    assert.equal(semaphore.getValue(), 0);
    assert.equal(semaphore.locked(), true);
    assert.equal(semaphore.tryAcquire(), false);
    semaphore.release(2);
    assert.equal(await a.call("semaphore", "getValue"), 2);
  },
  async "Semaphore: anybody may release, and a waiter goes on"({ memory, a, b, wait, give }) {
    const semaphore = new memory.Semaphore(0);
    await give({ semaphore });
    const got = wait(a, "semaphore", "acquire");
    await b.call("semaphore", "release");
    assert.equal(await got, true);
    assert.equal(semaphore.getValue(), 0);
  },
  async "Semaphore: release(2) lets two waiters go on"({ memory, a, b, wait, give }) {
    const semaphore = new memory.Semaphore(0);
    await give({ semaphore });
    const got = [wait(a, "semaphore", "acquire"), wait(b, "semaphore", "acquire")];
    semaphore.release(2);
    assert.deepEqual(await Promise.all(got), [true, true]);
  },
  async "Semaphore: timeout"({ memory, a, wait, give }) {
    const semaphore = new memory.Semaphore(0);
    await give({ semaphore });
    assert.equal(await wait(a, "semaphore", "acquire", { timeout: 0.02 }), false);
    assert.equal(semaphore.getValue(), 0);
  },
  async "BoundedSemaphore: no more than at first"({ memory, a, wait, give }) {
    const semaphore = new memory.BoundedSemaphore(1);
    await give({ semaphore });
    await wait(a, "semaphore", "acquire");
    semaphore.release();
    await assert.rejects(a.call("semaphore", "release"), { code: "INVALID_ARGUMENT" });
    assert.equal(semaphore.getValue(), 1);
  },
  async "Event: set here is seen there"({ memory, a, b, wait, give }) {
    const event = new memory.Event();
    await give({ event });
    assert.equal(await wait(a, "event", "wait", { timeout: 0.02 }), false);
    event.set();
    assert.equal(await b.call("event", "isSet"), true);
    assert.equal(await wait(a, "event", "wait"), true);
    await b.call("event", "clear");
    assert.equal(event.isSet(), false);
    assert.equal(await wait(a, "event", "wait", { timeout: 0.02 }), false);
  },
  async "Event: wakes everybody"({ memory, a, b, wait, give }) {
    const event = new memory.Event();
    await give({ event });
    const woken = [wait(a, "event", "wait"), wait(b, "event", "wait"), event.wait(), event.wait()];
    event.set();
    assert.deepEqual(await Promise.all(woken), [true, true, true, true]);
  },
  async "Condition: wait gives the lock up and has it again"({ memory, a, wait, give }) {
    const condition = new memory.Condition();
    await give({ condition });
    await wait(a, "condition", "acquire");
    const woken = wait(a, "condition", "wait");
    await condition.acquire();
    condition.notify();
    condition.release();
    assert.equal(await woken, true);
    assert.equal(condition.lock.locked(), true);
    await a.call("condition", "release");
    assert.equal(condition.lock.locked(), false);
  },
  async "Condition: the longest waiting is notified, and only that one"({ memory, a, b, wait, give }) {
    const condition = new memory.Condition(new memory.Lock());
    await give({ condition });
    const order: string[] = [];
    const woken: Promise<unknown>[] = [];
    for (const [name, at] of [
      ["a", a],
      ["b", b],
    ] as const) {
      await wait(at, "condition", "acquire");
      woken.push(
        wait(at, "condition", "wait").then(() => {
          order.push(name);
          return at.call("condition", "release");
        }),
      );
      await condition.acquire();
      condition.release();
    }
    for (const turn of woken) {
      await condition.acquire();
      condition.notify();
      condition.release();
      await turn;
    }
    assert.deepEqual(order, ["a", "b"]);
  },
  async "Condition: notifyAll"({ memory, a, b, wait, give }) {
    const condition = new memory.Condition();
    await give({ condition });
    const woken: Promise<unknown>[] = [];
    for (const at of [a, b]) {
      await wait(at, "condition", "acquire");
      woken.push(wait(at, "condition", "wait").then(() => at.call("condition", "release")));
      await condition.acquire();
      condition.release();
    }
    await condition.acquire();
    condition.notifyAll();
    condition.release();
    await Promise.all(woken);
  },
  async "Condition: timeout, with the lock held again"({ memory, a, wait, give }) {
    const condition = new memory.Condition();
    await give({ condition });
    await wait(a, "condition", "acquire");
    assert.equal(await wait(a, "condition", "wait", { timeout: 0.02 }), false);
    assert.equal(condition.lock.tryAcquire(), false);
    await a.call("condition", "release");
  },
  async "Condition: nothing without the lock"({ memory, a, wait, give }) {
    const condition = new memory.Condition();
    await give({ condition });
    await assert.rejects(wait(a, "condition", "wait"), { code: "LOCK_OWNERSHIP" });
    await assert.rejects(a.call("condition", "notify"), { code: "LOCK_OWNERSHIP" });
    await assert.rejects(a.call("condition", "notifyAll"), { code: "LOCK_OWNERSHIP" });
    await assert.rejects(a.call("condition", "release"), { code: "LOCK_OWNERSHIP" });
  },
  async "Condition: a notification that nobody waits for is not kept"({ memory, a, wait, give }) {
    const condition = new memory.Condition();
    await give({ condition });
    await condition.with(() => condition.notify(3));
    await wait(a, "condition", "acquire");
    assert.equal(await wait(a, "condition", "wait", { timeout: 0.02 }), false);
    await a.call("condition", "release");
  },
  async "Barrier: all or none, round after round, with different numbers"({ memory, a, b, wait, give }) {
    const barrier = new memory.Barrier(3);
    await give({ barrier });
    for (let round = 0; round < 3; round++) {
      const numbers = await Promise.all([
        wait<number>(a, "barrier", "wait"),
        wait<number>(b, "barrier", "wait"),
        barrier.wait(),
      ]);
      assert.deepEqual(numbers.sort(), [0, 1, 2]);
      assert.equal(barrier.waiting, 0);
    }
  },
  async "Barrier: one who gives up breaks it for all"({ memory, a, b, wait, give }) {
    const barrier = new memory.Barrier(3);
    await give({ barrier });
    const others = [wait(a, "barrier", "wait", { timeout: 0.02 }), wait(b, "barrier", "wait")];
    for (const result of await Promise.allSettled(others)) {
      assert.equal(result.status === "rejected" && result.reason.code, "BROKEN_BARRIER");
    }
    assert.equal(barrier.broken, true);
    await assert.rejects(wait(a, "barrier", "wait"), { code: "BROKEN_BARRIER" });
    await b.call("barrier", "reset");
    assert.equal(barrier.broken, false);
  },
  async "Barrier: abort and reset wake who waits"({ memory, a, b, wait, give }) {
    for (const call of ["abort", "reset"]) {
      const barrier = new memory.Barrier(3);
      await give({ barrier });
      const waiting = wait(a, "barrier", "wait").catch((error: { code: string }) => error.code);
      while (barrier.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
      await b.call("barrier", call);
      assert.equal(await waiting, "BROKEN_BARRIER");
      assert.equal(barrier.broken, call === "abort");
    }
  },
  async "Barrier: one acts, before any goes on, where it arrives last"({ memory, a, b, wait, give }) {
    const acted = new memory.Value("i", 0);
    const barrier = new memory.Barrier(3, { action: countIn(acted) });
    await give({ barrier, acted });
    for (let round = 1; round <= 3; round++) {
      const seen = [a, b].map(async (at) => {
        await wait(at, "barrier", "wait");
        return at.get("acted", "value");
      });
      await barrier.wait();
      assert.equal(acted.value, round);
      assert.deepEqual(await Promise.all(seen), [round, round]);
    }
  },
  async "Barrier: an action that throws breaks it, and only its party is told why"({
    memory,
    a,
    b,
    wait,
    give,
  }) {
    const barrier = new memory.Barrier(3, { action: fail });
    await give({ barrier });
    const codes = [wait(a, "barrier", "wait"), wait(b, "barrier", "wait"), barrier.wait()].map((waiting) =>
      waiting.then(
        () => "passed",
        (error: { code?: string; message: string }) => error.code ?? error.message,
      ),
    );
    assert.deepEqual((await Promise.all(codes)).sort(), [
      "BROKEN_BARRIER",
      "BROKEN_BARRIER",
      "the action failed",
    ]);
    assert.equal(barrier.broken, true);
  },
  async "Value: no addition is lost, and a refused one leaves the lock free"({ memory, times, a, b, give }) {
    const value = new memory.Value("q", 1n);
    const flag = new memory.Value("?", false);
    await give({ value, flag });
    await Promise.all([a.script("addSync", times), b.script("addSync", times)]);
    assert.equal(value.value, BigInt(2 * times + 1));
    assert.throws(() => value.add(0.5), RangeError);
    assert.equal(value.getLock().locked(), false);
    assert.equal(value.getLock().statistics().acquisitions, 2 * times);
    for (let i = 0; i < 2; i++) assert.equal(await a.call("flag", "add", 1), true);
    assert.equal(flag.getObj().value, true);
  },
  async "RLock: a stranger's release changes nothing of its depth"({ memory, a, b, wait, give }) {
    const lock = new memory.RLock();
    await give({ lock });
    for (let i = 0; i < 2; i++) await wait(a, "lock", "acquire");
    await assert.rejects(b.call("lock", "release"), { code: "LOCK_OWNERSHIP" });
    assert.equal(await a.get("lock", "depth"), 2);
    for (let i = 0; i < 2; i++) await a.call("lock", "release");
    await assert.rejects(a.call("lock", "release"), { code: "LOCK_OWNERSHIP" });
    assert.equal(lock.tryAcquire(), true);
    lock.release();
  },
  async "Value and Array: one memory"({ memory, a, b, give }) {
    const value = new memory.Value("d", 1.5);
    const array = new memory.Array("i", [1, 2, 3]);
    const raw = new memory.RawArray("B", 4);
    await give({ value, array, raw });
    await a.call("value", "add", 1);
    assert.equal(value.value, 2.5);
    assert.equal(await b.get("value", "value"), 2.5);
    await a.call("array", "set", -1, 9);
    assert.deepEqual([...array], [1, 2, 9]);
    await b.call("raw", "set", 0, 300);
    assert.deepEqual(raw.slice(), [44, 0, 0, 0]);
    await assert.rejects(a.call("array", "get", 3), { code: "INVALID_ARGUMENT" });
  },
};

const fail = (): never => {
  throw new Error("the action failed");
};

function countIn(value: { value: number }): () => void {
  return () => void value.value++;
}

/** Here the remotes are killed, so each case has its own. */
const FATAL: Record<string, (site: Site) => Promise<void>> = {
  async "Lock: a dead holder's lock is taken over, and the next one is told"({ memory, a, b, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    const next = wait(b, "lock", "acquire");
    await a.kill();
    assert.equal(await next, true);
    assert.equal((await b.get<{ pid: number }>("lock", "abandoned")).pid, a.pid);
    assert.equal(lock.statistics().recovered, 1);
    await b.call("lock", "release");
    assert.equal(await b.get("lock", "abandoned"), null);
  },
  async "Lock: told by an error, the lock is free"({ memory, a, b, wait, give }) {
    const lock = new memory.Lock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    await a.kill();
    await assert.rejects(wait(b, "lock", "acquire", { ifAbandoned: "throw" }), { code: "LOCK_ABANDONED" });
    assert.equal(lock.tryAcquire(), true);
    lock.release();
  },
  async "RLock: a dead holder's depth is forgotten"({ memory, a, b, wait, give }) {
    const lock = new memory.RLock();
    await give({ lock });
    await wait(a, "lock", "acquire");
    await wait(a, "lock", "acquire");
    await a.kill();
    assert.equal(await wait(b, "lock", "acquire"), true);
    assert.equal(await b.get("lock", "depth"), 1);
    await b.call("lock", "release");
    assert.equal(lock.locked(), false);
  },
  async "Condition: a dead waiter is passed over"({ memory, a, b, wait, give }) {
    const condition = new memory.Condition();
    await give({ condition });
    await wait(a, "condition", "acquire");
    void wait(a, "condition", "wait").catch(() => {});
    await condition.acquire();
    condition.release();
    await wait(b, "condition", "acquire");
    const woken = wait(b, "condition", "wait");
    await condition.acquire();
    await a.kill();
    condition.notify();
    condition.release();
    assert.equal(await woken, true);
    await b.call("condition", "release");
  },
  async "Barrier: a party that dies breaks it"({ memory, a, b, wait, give }) {
    const barrier = new memory.Barrier(3);
    await give({ barrier });
    void wait(a, "barrier", "wait").catch(() => {});
    const waiting = wait(b, "barrier", "wait").catch((error: { code: string }) => error.code);
    while (barrier.waiting < 2) await new Promise((resolve) => setImmediate(resolve));
    await a.kill();
    assert.equal(await waiting, "BROKEN_BARRIER");
  },
  async "Semaphore: the permit of a holder that dies comes back"({ memory, a, b, wait, give }) {
    const semaphore = new memory.Semaphore(1);
    const inside = new memory.Event();
    await give({ semaphore, inside });
    void a.script("holdForever").catch(() => {});
    await inside.wait();
    const got = wait(b, "semaphore", "acquire");
    await a.kill();
    assert.equal(await got, true);
    assert.equal(semaphore.getValue(), 0);
  },
  async "Semaphore: a dead waiter takes nothing along"({ memory, a, b, wait, give }) {
    const semaphore = new memory.Semaphore(0);
    await give({ semaphore });
    void wait(a, "semaphore", "acquire").catch(() => {});
    const got = wait(b, "semaphore", "acquire");
    await a.kill();
    semaphore.release();
    assert.equal(await got, true);
  },
};

const SITES = [
  { where: "threads", memory: threading, first: "thread", second: "thread" },
  { where: "processes", memory: multiprocessing, first: "process", second: "process" },
  { where: "a thread and a process", memory: multiprocessing, first: "thread", second: "process" },
  { where: "processes, by sockets", memory: multiprocessing, first: "process", second: "process" },
  {
    where: "a thread and a process, by sockets",
    memory: multiprocessing,
    first: "thread",
    second: "process",
  },
] as const;

for (const { where, memory, first, second } of SITES) {
  const viaSockets = (): void => {
    before(() => {
      if (where.endsWith("sockets")) process.env["SPOOL_MEMORY"] = "sockets";
    });
    after(() => {
      delete process.env["SPOOL_MEMORY"];
    });
  };
  for (const form of ["blocking", "asynchronous"] as const) {
    const siteOf = (a: Remote, b: Remote): Site => ({
      memory,
      times: where.endsWith("sockets") ? 30 : 2000,
      a,
      b,
      wait: (at, name, method, ...args) =>
        at.call(name, form === "blocking" ? `${method}Sync` : method, ...args),
      async give(objects) {
        for (const [name, object] of Object.entries(objects))
          await Promise.all([a.give(name, object), b.give(name, object)]);
      },
    });

    describe(`${where}, ${form}`, () => {
      viaSockets();
      let a: Remote;
      let b: Remote;
      before(async () => {
        [a, b] = await Promise.all([remote(first), remote(second)]);
      });
      after(() => Promise.all([a.kill(), b.kill()]));
      for (const [name, run] of Object.entries(CASES)) test(name, () => run(siteOf(a, b)));
    });

    // Each of these takes two remotes of its own, so each form is tried where it matters most.
    if ((form === "asynchronous") !== where.startsWith("a thread and a process")) continue;
    describe(`${where}, ${form}, with deaths`, () => {
      viaSockets();
      for (const [name, run] of Object.entries(FATAL)) {
        test(name, async () => {
          const [a, b] = await Promise.all([remote(first), remote(second)]);
          try {
            await run(siteOf(a, b));
          } finally {
            await Promise.all([a.kill(), b.kill()]);
          }
        });
      }
    });
  }
}
