import {
  Greenlet,
  GreenletExit,
  Group,
  Pool,
  ThreadPool,
  Timeout,
  event,
  getcurrent,
  idle,
  iwait,
  joinall,
  killall,
  queue,
  sleep,
  spawn,
  spawnLater,
  wait,
} from "spool/gevent";
import { StateError } from "spool";
import { waitAllBlocked } from "spool/testing";
import { test } from "node:test";
import { Boom, assert, errorOf, failing, vtest, warningsDuring } from "../asyncio/support.ts";

vtest("spawn runs greenlets side by side; joinall waits for them", async (clock) => {
  const greenlets = Array.from({ length: 50 }, () => spawn(sleep, 2));
  assert.equal((await joinall(greenlets)).length, 50);
  assert.equal(clock.now(), 2);
});

vtest("a greenlet's life: new, started, dead, with its value", async () => {
  const greenlet = new Greenlet(async (a: number, b: number) => a + b, 3, 4);
  assert.deepEqual([greenlet.started, greenlet.dead, greenlet.value], [false, false, undefined]);
  greenlet.start();
  assert.deepEqual([greenlet.started, greenlet.ready()], [true, false]);
  assert.equal(await greenlet.get(), 7);
  assert.deepEqual(
    [greenlet.dead, greenlet.successful(), greenlet.value, greenlet.exception],
    [true, true, 7, null],
  );
});

vtest("it begins only when the caller waits, and is not thenable", async () => {
  const log: string[] = [];
  const greenlet = spawn(() => void log.push("greenlet"));
  log.push("caller");
  assert.equal("then" in greenlet, false);
  const passed = await (async () => greenlet)();
  assert.equal(passed, greenlet);
  await greenlet.join();
  assert.deepEqual(log, ["caller", "greenlet"]);
});

vtest("starting twice, or joining what was never started, is an error", async () => {
  const greenlet = spawn(() => {});
  assert.throws(() => greenlet.start(), StateError);
  assert.ok((await errorOf(new Greenlet(() => {}).join())) instanceof StateError);
});

vtest("spawnLater starts after its time", async (clock) => {
  const greenlet = spawnLater(3, () => clock.now());
  assert.equal(await greenlet.get(), 3);
});

vtest("an error is said, kept, and thrown by get", async () => {
  const warnings = await warningsDuring(async () => {
    const greenlet = spawn(failing("x"));
    await greenlet.join();
    assert.deepEqual([greenlet.successful(), (greenlet.exception as Error).message], [false, "x"]);
    assert.equal((await errorOf(greenlet.get())).message, "x");
  });
  assert.match(warnings.join(), /SpoolGreenletWarning: Greenlet "fail" failed: Error: x/);
});

vtest("get and join give up after their timeout", async (clock) => {
  const greenlet = spawn(sleep, 10);
  await greenlet.join({ timeout: 1 });
  assert.equal(greenlet.ready(), false);
  assert.equal((await errorOf(greenlet.get({ timeout: 1 }))).code, "TIMEOUT");
  assert.equal(clock.now(), 2);
  await greenlet.kill();
});

vtest("kill raises GreenletExit in it, waits, and counts as success", async (clock) => {
  let cleaned = -1;
  const greenlet = spawn(async () => {
    try {
      await sleep(100);
    } finally {
      cleaned = clock.now();
    }
  });
  await sleep(1);
  await greenlet.kill();
  assert.deepEqual([cleaned, greenlet.dead, greenlet.successful()], [1, true, true]);
  assert.ok(greenlet.value instanceof GreenletExit);
  assert.ok(((await greenlet.get()) as unknown) instanceof GreenletExit);
});

vtest("killing before the start keeps it from ever running", async () => {
  let ran = false;
  const unstarted = new Greenlet(() => void (ran = true));
  await unstarted.kill();
  unstarted.start();
  const started = spawn(() => void (ran = true));
  await started.kill();
  await idle();
  assert.deepEqual([ran, unstarted.dead, started.dead], [false, true, true]);
});

vtest("kill with an error of one's own raises that", async () => {
  let seen: unknown;
  const greenlet = spawn(async () => {
    await sleep(9).catch((error: unknown) => {
      seen = error;
      throw error;
    });
  });
  await idle();
  await greenlet.kill(new Boom("mine"));
  assert.ok(seen instanceof Boom);
});

vtest("killall kills all before it waits for any", async (clock) => {
  const greenlets = [1, 2, 3].map(() => spawn(sleep, 100));
  await sleep(1);
  await killall(greenlets);
  assert.ok(greenlets.every((g) => g.dead));
  assert.equal(clock.now(), 1);
});

vtest("iwait yields in the order of the ends; wait takes a count and a timeout", async () => {
  const greenlets = [3, 1, 2].map((n) => spawn(() => sleep(n).then(() => n)));
  const order: unknown[] = [];
  for await (const greenlet of iwait(greenlets)) order.push(greenlet.value);
  assert.deepEqual(order, [1, 2, 3]);
  const more = [5, 1, 3].map((n) => spawn(() => sleep(n).then(() => n)));
  assert.deepEqual(
    (await wait(more, { count: 1 })).map((g) => g.value),
    [1],
  );
  assert.deepEqual((await wait(more, { timeout: 2.5 })).length, 2);
  await killall(more);
});

vtest("joinall with raiseError throws the first error", async () => {
  const greenlets: Greenlet<any>[] = [spawn(sleep, 5)];
  greenlets.push(spawn<[], any>(failing("x")));
  assert.equal((await errorOf(joinall(greenlets, { raiseError: true }))).message, "x");
  await killall(greenlets);
});

vtest("links are called with the greenlet, for values and errors apart", async () => {
  const log: string[] = [];
  const good = spawn(async () => 1);
  const bad = spawn(failing("x"));
  for (const [name, greenlet] of [
    ["good", good],
    ["bad", bad],
  ] as const) {
    greenlet.link(() => log.push(`${name} link`));
    greenlet.linkValue(() => log.push(`${name} value`));
    greenlet.linkException(() => log.push(`${name} exception`));
  }
  await joinall([good, bad] as Greenlet<unknown>[]);
  await idle();
  assert.deepEqual(log, ["good link", "good value", "bad link", "bad exception"]);
});

vtest("getcurrent is the greenlet one is in", async () => {
  assert.equal(getcurrent(), undefined);
  const greenlet: Greenlet<boolean> = spawn(async () => {
    await sleep(0);
    return getcurrent() === greenlet;
  });
  assert.equal(await greenlet.get(), true);
});

vtest("Group forgets the dead, joins and kills", async (clock) => {
  const group = new Group();
  await group.spawn(sleep, 1);
  await group.spawn(sleep, 50);
  assert.equal(group.size, 2);
  assert.equal(await group.join({ timeout: 5 }), false);
  assert.deepEqual([group.size, clock.now()], [1, 5]);
  await group.kill();
  assert.equal(group.size, 0);
});

vtest("an error in a group is said unless the call itself gives it", async () => {
  const group = new Group();
  const said = await warningsDuring(async () => {
    await group.spawn(failing("unseen"));
    await group.join();
    assert.equal((await errorOf(group.apply(failing("given")))).message, "given");
    assert.equal((await errorOf(group.imap(failing("yielded"), [1]).next())).message, "yielded");
  });
  assert.equal(said.length, 1);
  assert.match(said[0]!, /SpoolGreenletWarning: Greenlet "fail" failed: .*unseen/);
});

vtest("Group.map, imap and imapUnordered", async () => {
  const group = new Group();
  const work = (n: number): Promise<number> => sleep(10 - n).then(() => n * n);
  assert.deepEqual(await group.map(work, [1, 2, 3]), [1, 4, 9]);
  const ordered: number[] = [];
  for await (const value of group.imap(work, [1, 2, 3])) ordered.push(value);
  const unordered: number[] = [];
  for await (const value of group.imapUnordered(work, [1, 2, 3])) unordered.push(value);
  assert.deepEqual(
    [ordered, unordered],
    [
      [1, 4, 9],
      [9, 4, 1],
    ],
  );
  assert.equal(await group.apply(work, 5), 25);
  assert.deepEqual(await group.mapAsync(work, [4]).get(), [16]);
  assert.equal(group.size, 0);
});

vtest("Pool admits so many at once; spawn waits for room", async (clock) => {
  const pool = new Pool(2);
  let most = 0;
  for (let i = 0; i < 6; i++) {
    await pool.spawn(async () => {
      most = Math.max(most, pool.size);
      await sleep(1);
    });
  }
  assert.equal(pool.full(), true);
  await pool.join();
  assert.deepEqual([most, clock.now(), pool.freeCount()], [2, 3, 2]);
  await pool.waitAvailable();
  const ordered: number[] = [];
  for await (const value of pool.imap((n: number) => sleep(n).then(() => n), [3, 1, 2])) ordered.push(value);
  assert.deepEqual(ordered, [3, 1, 2]);
});

vtest("Pool counts what is added or started in it, and refuses what has no place", async () => {
  const pool = new Pool(2);
  const running = Greenlet.spawn(() => sleep(1));
  pool.add(running);
  pool.add(running);
  assert.equal(pool.freeCount(), 1);
  const mapped = pool.mapAsync((n: number) => sleep(n).then(() => n), [1, 2]);
  pool.start(new Greenlet(() => sleep(1)));
  assert.equal(pool.full(), true);
  const late = new Greenlet(() => sleep(1));
  assert.throws(() => pool.start(late), /QueueFullError: The pool's 2 places are taken/);
  assert.equal(pool.has(late), false);
  assert.deepEqual(await mapped.get(), [1, 2]);
  await pool.join();
  assert.equal(pool.freeCount(), 2);
});

vtest("leaving imap early kills what still runs", async () => {
  const group = new Group();
  for await (const _ of group.imap((n: number) => sleep(n), [1, 100])) break;
  assert.equal(group.size, 0);
});

vtest("Timeout.with throws that very timeout, after everything inside has ended", async (clock) => {
  let cleaned = false;
  const timeout = new Timeout(2);
  const error = await errorOf(timeout.with(() => sleep(9).finally(() => (cleaned = true))));
  assert.equal(error, timeout);
  assert.deepEqual([cleaned, clock.now()], [true, 2]);
  assert.equal(await Timeout.with(5, async () => "v"), "v");
  assert.equal(await Timeout.with(1, () => sleep(9), { silent: true }), undefined);
});

vtest("Timeout.start and close around code of a greenlet", async () => {
  const greenlet = spawn(async () => {
    const timeout = Timeout.startNew(1);
    let caught: unknown;
    try {
      await sleep(9);
    } catch (error) {
      caught = error;
    } finally {
      timeout.close();
    }
    await sleep(1);
    return caught === timeout;
  });
  assert.equal(await greenlet.get(), true);
  assert.throws(() => new Timeout(1).start(), StateError);
});

vtest("a Timeout around waits that take a timeout themselves gets through them", async (clock) => {
  const endless = spawn(() => sleep(99));
  const flag = new event.Event();
  for (const waiting of [
    () => joinall([endless], { timeout: 50 }),
    () => flag.wait({ timeout: 50 }),
    () => endless.join({ timeout: 50 }),
  ]) {
    const greenlet = spawn(async () => {
      const timeout = Timeout.startNew(1);
      try {
        await waiting();
      } catch (error) {
        return error === timeout;
      } finally {
        timeout.close();
      }
      return "swallowed";
    });
    assert.equal(await greenlet.get(), true);
  }
  assert.equal(clock.now(), 3);
  await endless.kill();
});

vtest("a greenlet that ends without closing its Timeout leaves no timer", async () => {
  let timeout: Timeout | undefined;
  await spawn(() => void (timeout = Timeout.startNew(5))).get();
  await waitAllBlocked();
  assert.equal(timeout!.pending, false);
});

vtest("a Timeout that was closed in time does nothing", async (clock) => {
  const greenlet = spawn(async () => {
    const timeout = Timeout.startNew(1);
    assert.equal(timeout.pending, true);
    timeout.cancel();
    await sleep(5);
    return "undisturbed";
  });
  assert.equal(await greenlet.get(), "undisturbed");
  assert.equal(clock.now(), 5);
});

vtest("event.Event: wait says whether it came up in time", async () => {
  const flag = new event.Event();
  assert.equal(await flag.wait({ timeout: 1 }), false);
  const waiter = spawn(() => flag.wait());
  await waitAllBlocked();
  flag.set();
  assert.equal(await waiter.get(), true);
  assert.deepEqual((await wait([flag])).length, 1);
  flag.clear();
  assert.equal(flag.isSet(), false);
});

vtest("event.AsyncResult carries a value or an error to many", async () => {
  const result = new event.AsyncResult<number>();
  assert.equal((await errorOf(Promise.resolve().then(() => result.getNowait()))).code, "TIMEOUT");
  const waiters = [1, 2].map(() => spawn(() => result.get()));
  await waitAllBlocked();
  result.set(5);
  assert.deepEqual(await Promise.all(waiters.map((w) => w.get())), [5, 5]);
  assert.deepEqual([result.ready(), result.successful(), await result.wait()], [true, true, 5]);
  const failed = new event.AsyncResult<number>();
  failed.setException(new Boom("x"));
  assert.equal((await errorOf(failed.get())).message, "x");
  assert.deepEqual([failed.successful(), (failed.exception as Error).message], [false, "x"]);
});

vtest("queue.Queue and JoinableQueue between greenlets", async () => {
  const items = new queue.JoinableQueue<number>(2);
  const seen: number[] = [];
  spawn(async () => {
    for await (const item of items) {
      seen.push(item);
      items.taskDone();
    }
  });
  for (let i = 0; i < 5; i++) await items.put(i);
  await items.join();
  items.shutdown();
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  assert.throws(() => items.getNowait(), queue.ShutDown);
});

test("ThreadPool runs functions in threads, as greenlets", async () => {
  const pool = new ThreadPool(2);
  const base = 10;
  const greenlet = pool.spawn((n: number) => base + n, 5);
  assert.equal(await greenlet.get(), 15);
  assert.deepEqual(await pool.map((n: number) => n * n, [1, 2, 3]), [1, 4, 9]);
  assert.equal(await pool.apply((s: string) => s.toUpperCase(), "x"), "X");
  await pool[Symbol.asyncDispose]();
});
