import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { posix } from "spool/memory";
import * as multiprocessing from "spool/multiprocessing";
import * as threading from "spool/threading";

/** Far more than any machine needs: a task that waits for the stalled worker would wait for ever. */
const LIMIT = { timeout: 120_000 };
const SHORT = 500;
/** What the tests need of an event. */
interface Waits {
  set(): void;
  waitSync(): boolean;
  wait(): Promise<boolean>;
}

for (const [kind, Pool, Event] of [
  ["thread", threading.ThreadPoolExecutor, threading.Event],
  ["process", multiprocessing.ProcessPoolExecutor, multiprocessing.Event],
] as const) {
  suite(`a stalled ${kind} delays nothing that another could run`, () => {
    test("short tasks of one function, a stall in another", LIMIT, async () => {
      const pool = later(new Pool({ maxWorkers: 2 }));
      const [stuck, release] = [new Event(), new Event()];
      const square = (x: number): number => x * x;
      const stall = (): string => {
        stuck.set();
        release.waitSync();
        return "released";
      };
      // The pool knows by now that squares are tiny, and binds many of them to a worker at once.
      await Promise.all(Array.from({ length: SHORT }, (_, i) => pool.submit(square, i)));
      const before = Array.from({ length: SHORT }, (_, i) => pool.submit(square, i));
      const stalled = pool.submit(stall);
      const after = Array.from({ length: SHORT }, (_, i) => pool.submit(square, i));
      await stuck.wait();
      const squares = Array.from({ length: SHORT }, (_, i) => i * i);
      assert.deepEqual(await Promise.all(before), squares);
      assert.deepEqual(await Promise.all(after), squares);
      // And a steady stream of further ones, each alone.
      for (let i = 0; i < 50; i++) assert.equal(await pool.submit(square, i), i * i);
      assert.equal(stalled.done(), false);
      release.set();
      assert.equal(await stalled, "released");
    });

    test("the same function, with an input that stalls", LIMIT, async () => {
      const pool = later(new Pool({ maxWorkers: 2 }));
      const [stuck, release] = [new Event(), new Event()];
      const squareOrStall = (x: number): number => {
        if (x >= 0) return x * x;
        stuck.set();
        release.waitSync();
        return x;
      };
      await Promise.all(Array.from({ length: SHORT }, (_, i) => pool.submit(squareOrStall, i)));
      const before = Array.from({ length: SHORT }, (_, i) => pool.submit(squareOrStall, i));
      const stalled = pool.submit(squareOrStall, -1);
      const after = Array.from({ length: SHORT }, (_, i) => pool.submit(squareOrStall, i));
      await stuck.wait();
      const squares = Array.from({ length: SHORT }, (_, i) => i * i);
      assert.deepEqual(await Promise.all(before), squares);
      assert.deepEqual(await Promise.all(after), squares);
      for (let i = 0; i < 50; i++) assert.equal(await pool.submit(squareOrStall, i), i * i);
      assert.equal(stalled.done(), false);
      release.set();
      assert.equal(await stalled, -1);
    });

    const skip = kind === "process" && posix() === null && "processes are relieved through shared memory";
    test("a function that the pool has measured, with an input that stalls", { ...LIMIT, skip }, async () => {
      const pool = overTransport("rings", () => later(new Pool({ maxWorkers: 2 })));
      const [stuck, release] = [new Event(), new Event()];
      const squareOrStall = (x: number, stuck?: Waits, release?: Waits): number => {
        stuck?.set();
        release?.waitSync();
        return x * x;
      };
      const squares = Array.from({ length: SHORT }, (_, i) => i * i);
      const all = (): Promise<number[]> =>
        Promise.all(Array.from({ length: SHORT }, (_, i) => pool.submit(squareOrStall, i)));
      await pool.runOnAll(() => undefined);
      for (let i = 0; i < 10; i++) await all();
      const before = all();
      const stalled = pool.submit(squareOrStall, -1, stuck, release);
      const after = all();
      await stuck.wait();
      assert.deepEqual(await before, squares);
      assert.deepEqual(await after, squares);
      for (let i = 0; i < 50; i++) assert.equal(await pool.submit(squareOrStall, i), i * i);
      assert.deepEqual(await all(), squares);
      assert.equal(stalled.done(), false);
      release.set();
      assert.equal(await stalled, 1);
    });

    // Threads always share the count by which they are relieved.
    if (kind === "process")
      test("a function that has stalled before, where no worker can be relieved", LIMIT, async () => {
        const pool = overTransport("messages", () => later(new Pool({ maxWorkers: 2 })));
        const [stuck, release] = [new Event(), new Event()];
        const squareOrStall = (x: number, ms = 0, stuck?: Waits, release?: Waits): number => {
          for (const end = performance.now() + ms; performance.now() < end;);
          stuck?.set();
          release?.waitSync();
          return x * x;
        };
        const all = (): Promise<number[]> =>
          Promise.all(Array.from({ length: SHORT / 2 }, (_, i) => pool.submit(squareOrStall, i)));
        await pool.runOnAll(() => undefined);
        await all();
        await pool.submit(squareOrStall, 2, 100);
        for (let i = 0; i < 20; i++) assert.equal(await pool.submit(squareOrStall, i), i * i);
        const stalled = pool.submit(squareOrStall, -1, 0, stuck, release);
        const squares = await all();
        assert.deepEqual(squares[99], 99 * 99);
        await stuck.wait();
        assert.equal(stalled.done(), false);
        release.set();
        assert.equal(await stalled, 1);
      });

    test("asynchronous tasks do not wait for each other while a worker is free", LIMIT, async () => {
      const pool = later(new Pool({ maxWorkers: 2 }));
      const meet = async (mine?: Waits, other?: Waits): Promise<void> => {
        mine?.set();
        await other?.wait();
      };
      for (let i = 0; i < 20; i++) await pool.submit(meet);
      const [left, right] = [new Event(), new Event()];
      await Promise.all([pool.submit(meet, left, right), pool.submit(meet, right, left)]);
    });
  });
}

/** By rings processes share memory with their pool from the start, not only once they are busy; by messages never. */
function overTransport<T>(transport: "rings" | "messages", make: () => T): T {
  const before = process.env["SPOOL_TRANSPORT"];
  process.env["SPOOL_TRANSPORT"] = transport;
  after(() => {
    if (before === undefined) delete process.env["SPOOL_TRANSPORT"];
    else process.env["SPOOL_TRANSPORT"] = before;
  });
  return make();
}
