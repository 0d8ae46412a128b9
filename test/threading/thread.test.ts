import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  activeCount,
  currentThread,
  enumerate,
  Event,
  getIdent,
  getNativeId,
  local,
  Lock,
  mainThread,
  Queue,
  setExceptHook,
  Thread,
  Timer,
  Value,
} from "spool/threading";

describe("Thread", () => {
  test("runs beside this one, with captured and passed primitives", async () => {
    const queue = new Queue<unknown>();
    const counter = new Value("i", 0);
    const thread = new Thread({
      target: async (lock: Lock) => {
        const threading = await import("spool/threading");
        for (let i = 0; i < 100; i++) lock.withSync(() => counter.value++);
        await queue.put([threading.getIdent(), threading.currentThread().name, threading.getNativeId()]);
      },
      args: [new Lock()],
      name: "worker bee",
    });
    assert.equal(thread.ident, null);
    assert.equal(thread.isAlive(), false);
    thread.start();
    assert.ok(thread.isAlive());
    assert.equal(activeCount(), 2);
    assert.deepEqual(enumerate().at(-1), thread);
    const native = (): number | null => thread.nativeId;
    const got = (await queue.get()) as unknown[];
    assert.deepEqual(got, [thread.ident, "worker bee", native()]);
    await thread.join();
    assert.equal(thread.isAlive(), false);
    assert.equal(counter.value, 100);
    assert.equal(activeCount(), 1);
  });

  test("a subclass may override run", async () => {
    class Adder extends Thread {
      readonly sums = new Queue<number>();
      readonly numbers: readonly number[];
      constructor(numbers: readonly number[]) {
        super({ name: "adder" });
        this.numbers = numbers;
      }
      add(a: number, b: number): number {
        return a + b;
      }
      override run(): void {
        this.sums.putSync(this.numbers.reduce((sum, n) => this.add(sum, n), 0));
      }
    }
    const adder = new Adder([1, 2, 3]);
    adder.start();
    assert.equal(await adder.sums.get(), 6);
    await adder.join();
    assert.equal(
      new Thread({ target: (n: number) => n + 1, args: [1] }).run(),
      2,
      "the base calls the target",
    );
  });

  test("the main thread knows itself", () => {
    assert.equal(currentThread().name, "MainThread");
    assert.equal(mainThread().ident, getIdent());
    assert.equal(getNativeId(), process.pid);
    assert.equal(mainThread().daemon, false);
  });

  test("what its function throws goes to the hook, with class and stack", async () => {
    const seen: any[] = [];
    const previous = setExceptHook((args) => seen.push(args));
    try {
      const thread = new Thread({
        target: function fails() {
          throw new RangeError("too far");
        },
      });
      thread.start();
      await thread.join();
      await thread.join();
      assert.equal(seen.length, 1);
      assert.ok(seen[0].error instanceof RangeError);
      assert.match(seen[0].error.stack, /fails/);
      assert.equal(seen[0].thread, thread);
    } finally {
      setExceptHook(previous);
    }
  });

  test("process.exit inside ends the thread only", async () => {
    const thread = new Thread({ target: () => process.exit(3) });
    thread.start();
    await thread.join();
    assert.equal(thread.isAlive(), false);
  });

  test("join gives up after its timeout and by its signal", async () => {
    const down = new Event();
    const thread = new Thread({ target: () => down.wait() });
    thread.start();
    await thread.join({ timeout: 0.01 });
    assert.ok(thread.isAlive());
    await assert.rejects(thread.join({ signal: AbortSignal.timeout(10) }));
    down.set();
    await thread.join();
  });

  test("terminate ends a busy loop", async () => {
    const thread = new Thread({
      target: () => {
        for (;;);
      },
    });
    thread.start();
    await thread.terminate();
    assert.equal(thread.isAlive(), false);
  });

  test("misuse is an error", async () => {
    const thread = new Thread({ target: () => {} });
    await assert.rejects(thread.join(), { code: "INVALID_STATE" });
    thread.daemon = true;
    thread.start();
    assert.throws(() => thread.start(), { code: "INVALID_STATE" });
    assert.throws(() => (thread.daemon = false), { code: "INVALID_STATE" });
    await thread.join();
    assert.throws(() => new Thread({ target: 1 as never }), { code: "INVALID_ARGUMENT" });
  });

  test("a local has a content of its own in each thread", async () => {
    const mine = local<{ x: number }>();
    mine.x = 1;
    const queue = new Queue<unknown>();
    const thread = new Thread({
      target: async () => {
        const before = mine.x;
        mine.x = 2;
        await queue.put([before, mine.x]);
      },
    });
    thread.start();
    assert.deepEqual(await queue.get(), [undefined, 2]);
    await thread.join();
    assert.equal(mine.x, 1);
  });

  test("primitives of threads cannot go to a process, and the error says what can", async () => {
    const { Process } = await import("spool/multiprocessing");
    const lock = new Lock();
    const child = new Process({ target: () => lock.locked() });
    assert.throws(() => child.start(), /spool\/multiprocessing/);
  });
});

describe("Timer", () => {
  test("fires once, with its arguments", async () => {
    const seen: unknown[] = [];
    const timer = new Timer(0.001, (a: number, b: string) => seen.push(a, b), 1, "x");
    timer.start();
    assert.ok(timer.isAlive());
    await timer.join();
    assert.deepEqual(seen, [1, "x"]);
    assert.throws(() => timer.start(), { code: "INVALID_STATE" });
  });

  test("cancel stops it", async () => {
    const timer = new Timer(60, () => assert.fail("fired"));
    await assert.rejects(timer.join(), { code: "INVALID_STATE" });
    timer.start();
    timer.cancel();
    await timer.join();
    assert.equal(timer.isAlive(), false);
  });
});
