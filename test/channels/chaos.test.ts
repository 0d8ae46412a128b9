import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lock, Process, Queue, RawArray, Value } from "spool/multiprocessing";
import { Thread } from "spool/threading";

/**
 * Processes and threads are killed at random while they hold a lock, put, or wait for an item. `CHAOS_SECONDS` says how
 * long (default 3), `CHAOS_SEED` where the random numbers begin.
 */
const SECONDS = Number(process.env["CHAOS_SECONDS"] ?? 3);
const SEED = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1e6);
const MOST = 4096;

interface Victim {
  start(): void;
  end(): Promise<void>;
}

function processOf(target: () => unknown): Victim {
  const child = new Process({ target, name: "chaos" });
  return {
    start: () => child.start(),
    end: async () => {
      child.kill();
      await child.join();
    },
  };
}

function threadOf(target: () => unknown): Victim {
  const thread = new Thread({ target });
  return { start: () => thread.start(), end: () => thread.terminate() };
}

function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ 0x5bd1e995;
    return (state >>> 0) % below;
  };
}

test(
  `nothing hangs, nothing acknowledged is lost (seed ${SEED})`,
  { timeout: (SECONDS + 120) * 1000 },
  async () => {
    const random = randomNumbers(SEED);
    const lock = new Lock();
    /** Two numbers that are equal whenever the lock is free, and how often they were found not to be. */
    const pair = new RawArray("i", 3);
    const turns = new Value("i", 0);
    const queue = new Queue<[id: number, n: number, filler: Uint8Array]>(50);
    const acknowledged = new RawArray("i", MOST);
    const other = new Queue<number>();
    /** Set by each victim once it is at work: killing it earlier would test starting only. */
    const working = new RawArray("B", MOST);
    let ids = 0;

    const holder = (me: number) => (): void => {
      working.set(me, 1);
      for (;;) {
        lock.acquireSync();
        if (lock.abandoned !== null) pair.set(1, pair.get(0));
        if (pair.get(0) !== pair.get(1)) pair.set(2, pair.get(2) + 1);
        pair.set(0, pair.get(0) + 1);
        for (let i = 0; i < 2000; i++);
        pair.set(1, pair.get(1) + 1);
        lock.release();
        turns.value++;
        // Leaves the processors to the others: there may be fewer than victims.
        if (turns.value % 50 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    };
    const producer = (id: number) => {
      return async (): Promise<void> => {
        for (let n = 0; ; n++) {
          const message: [number, number, Uint8Array] = [id, n, new Uint8Array((n * 37) % 3000).fill(n)];
          if (n % 2 === 0) queue.putSync(message);
          else await queue.put(message);
          acknowledged.set(id, n + 1);
          working.set(id, 1);
        }
      };
    };
    const waiter = (me: number) => async (): Promise<void> => {
      working.set(me, 1);
      for (let n = 0; ; n++) {
        if (n % 2 === 0) other.getSync();
        else await other.get();
      }
    };

    const roles = [holder, holder, producer, producer, waiter];
    const numbers: number[] = [];
    const spawn = (role: number): Victim => {
      const target = roles[role]!(ids);
      const victim = random(2) === 0 ? processOf(target) : threadOf(target);
      victim.start();
      numbers[role] = ids++;
      return victim;
    };
    const victims = roles.map((_, role) => spawn(role));

    const received = new Map<number, number>();
    const take = async (timeout: number): Promise<boolean> => {
      const item = await queue.get({ timeout }).catch((error: { code: string }) => {
        assert.equal(error.code, "EMPTY");
        return undefined;
      });
      if (item === undefined) return false;
      const [id, n, filler] = item;
      assert.equal(n, received.get(id) ?? 0, `message ${n} of producer ${id} comes in its turn`);
      assert.equal(filler.length, (n * 37) % 3000);
      assert.ok(filler.every((byte) => byte === n % 256));
      received.set(id, n + 1);
      return true;
    };

    let kills = 0;
    while (numbers.some((number) => working.get(number) === 0)) await take(0.02);
    const end = performance.now() + SECONDS * 1000;
    let next = performance.now();
    while (performance.now() < end || kills === 0) {
      for (let i = 0; i < 20 && (await take(0.02)); i++);
      other.putNowait(1);
      if (performance.now() < next || ids >= MOST) continue;
      const role = random(roles.length);
      if (working.get(numbers[role]!) === 0) continue;
      next = performance.now() + 20 + random(150);
      await victims[role]!.end();
      kills++;
      victims[role] = spawn(role);
    }
    await Promise.all(victims.map((victim) => victim.end()));
    while (await take(0.3));

    assert.ok(kills > 0);
    for (let id = 0; id < ids; id++) {
      const got = received.get(id) ?? 0;
      assert.ok(got >= acknowledged.get(id), `producer ${id}: ${got} of ${acknowledged.get(id)} received`);
    }
    assert.equal(await lock.acquire({ timeout: 60 }), true, "the lock can be had");
    if (lock.abandoned === null) assert.equal(pair.get(0), pair.get(1));
    lock.release();
    assert.equal(pair.get(2), 0, "nobody found the pair torn without being told");
    assert.equal(queue.qsize(), 0);
    await queue.put([0, received.get(0) ?? 0, new Uint8Array(0)]);
    assert.equal(queue.qsize(), 1);
    console.log(
      `${kills} killed, ${turns.value} turns with the lock, ${[...received.values()].reduce((a, b) => a + b, 0)} messages`,
    );
  },
);
