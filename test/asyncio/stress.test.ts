import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CapacityLimiter,
  Lock,
  Queue,
  Semaphore,
  type TaskGroup,
  gather,
  group,
  mapLimit,
  moveOnAfter,
  ps,
  race,
  shield,
  sleep,
  timeout,
} from "spool/asyncio";
import { withVirtualClock } from "spool/testing";

/**
 * Random trees of spawn, cancel, timeout, shield, gather, race, locks and queues, from a seed. What must hold whatever
 * happens: nothing runs after its group has ended, no lock or token stays taken, no item is lost or seen twice,
 * nothing remains in the tree. SPOOL_STRESS_SECONDS sets the length, SPOOL_STRESS_SEED replays one seed.
 */
const seconds = Number(process.env["SPOOL_STRESS_SECONDS"] ?? 3);
const only = process.env["SPOOL_STRESS_SEED"];

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class Expected extends Error {}

class World {
  readonly random: () => number;
  readonly lock = new Lock();
  readonly semaphore = new Semaphore(2);
  readonly limiter = new CapacityLimiter(3);
  readonly queue = new Queue<number>(4);
  readonly put = new Set<number>();
  readonly got = new Set<number>();
  inLock = 0;
  inSemaphore = 0;
  budget = 120;
  items = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  pick(n: number): number {
    return Math.floor(this.random() * n);
  }

  /** A group whose children must all have ended when it has. */
  async tree(depth: number): Promise<void> {
    let live = 0;
    try {
      await group(async (g) => {
        const child = async (): Promise<void> => {
          live++;
          try {
            await this.step(depth, g);
          } finally {
            live--;
          }
        };
        for (let i = this.pick(4); i >= 0; i--) g.spawn(child);
        await this.step(depth, g);
        if (this.random() < 0.2) g.cancel();
      });
    } finally {
      assert.equal(live, 0, "a child was alive after its group had ended");
    }
  }

  async step(depth: number, g: TaskGroup): Promise<void> {
    if (this.budget-- <= 0) return sleep(this.random());
    const below = (): Promise<void> => (depth > 0 ? this.tree(depth - 1) : this.leaf());
    switch (this.pick(9)) {
      case 0:
        return below();
      case 1:
        await moveOnAfter(this.random() * 2, below);
        return;
      case 2:
        return timeout(this.random() * 2, below, { grace: Infinity });
      case 3:
        return shield(() => moveOnAfter(1, () => this.leaf()));
      case 4:
        await gather([below, () => this.leaf(), () => this.leaf()]);
        return;
      case 5:
        await race([() => this.leaf(), below]);
        return;
      case 6:
        await mapLimit([1, 2, 3, 4], 2, () => this.leaf());
        return;
      case 7: {
        const task = g.spawn(() => this.leaf());
        await sleep(this.random() / 2);
        task.cancel();
        return;
      }
      default:
        if (this.random() < 0.3) throw new Expected("on purpose");
        return this.leaf();
    }
  }

  async leaf(): Promise<void> {
    switch (this.pick(7)) {
      case 0:
        return sleep(this.random());
      case 1:
        return this.lock.with(() => this.alone("inLock", 1));
      case 2:
        return this.semaphore.with(() => this.alone("inSemaphore", 2));
      case 3:
        return this.limiter.run(() => sleep(this.random() / 4));
      case 4: {
        const item = ++this.items;
        // With a limit: when nobody is left who takes from the full queue, a putter would rightly wait for ever.
        await this.queue.put(item, { timeout: 1 }).then(
          () => this.put.add(item),
          (error: { code?: string }) => {
            if (error.code !== "TIMEOUT") throw error;
          },
        );
        return;
      }
      case 5: {
        const item = await this.queue.get({ timeout: 1 }).catch((error: { code?: string }) => {
          if (error.code === "TIMEOUT") return undefined;
          throw error;
        });
        if (item === undefined) return;
        assert.ok(!this.got.has(item), "an item came twice");
        this.got.add(item);
        return;
      }
      default:
        return sleep(0);
    }
  }

  async alone(what: "inLock" | "inSemaphore", most: number): Promise<void> {
    assert.ok(++this[what] <= most, `${this[what]} were inside at once`);
    try {
      await sleep(this.random() / 4);
    } finally {
      this[what]--;
    }
  }

  check(): void {
    assert.equal(this.lock.locked(), false, "the lock stayed taken");
    assert.equal(this.lock.waiting, 0, "a waiter of the lock was lost");
    assert.equal(this.semaphore.value, 2, "a permit was lost");
    assert.equal(this.limiter.borrowedTokens, 0, "a token was lost");
    while (!this.queue.empty()) {
      const item = this.queue.getNowait();
      assert.ok(!this.got.has(item), "an item came twice");
      this.got.add(item);
    }
    for (const item of this.put) assert.ok(this.got.has(item), "an item was lost");
    assert.deepEqual(ps(), [], "something remains in the tree");
  }
}

/** Only errors that were thrown on purpose, or that say that time was up, may come out. */
function isExpected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isExpected);
  return error instanceof Expected || /TIMEOUT|CANCELLED/.test(String((error as { code?: unknown }).code));
}

async function play(seed: number): Promise<void> {
  await withVirtualClock(async () => {
    const world = new World(seed);
    await world.tree(4).catch((error: unknown) => {
      if (!isExpected(error)) throw error;
    });
    await sleep(100);
    world.check();
  });
}

test(
  "random trees of structured work keep their invariants",
  { timeout: (seconds + 60) * 1000 },
  async (t) => {
    process.setMaxListeners(0);
    const quiet = (): void => {};
    process.on("warning", quiet);
    const end = performance.now() + seconds * 1000;
    const first = only === undefined ? (Date.now() & 0xffffff) * 256 : Number(only);
    let played = 0;
    for (let seed = first; only === undefined ? performance.now() < end : seed === first; seed++) {
      await play(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed} broke an invariant; replay it with SPOOL_STRESS_SEED=${seed}`, {
          cause: error,
        });
      });
      played++;
    }
    process.removeListener("warning", quiet);
    t.diagnostic(`${played} trees, seeds ${first} to ${first + played - 1}`);
  },
);
