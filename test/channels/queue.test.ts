import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Empty, Full, JoinableQueue, Queue, ShutDown } from "spool/channels";
import * as multiprocessing from "spool/multiprocessing";
import { type Remote, remote } from "../support/remote.ts";

/** For waits that end soon, also on a busy machine; it only keeps a broken queue from hanging. */
const LONG = { timeout: 60 };

type Kind = "thread" | "process" | "sockets";
const KINDS: readonly Kind[] = ["thread", "process", "sockets"];

function queueIn<T>(kind: Kind, maxSize: number = 0): Queue<T> {
  return kind === "sockets" ? new multiprocessing.Queue<T>(maxSize) : new Queue<T>(maxSize, kind);
}

function joinableIn<T>(kind: Kind): JoinableQueue<T> {
  return kind === "sockets" ? new multiprocessing.JoinableQueue<T>() : new JoinableQueue<T>(0, kind);
}

/** Has the tests of this suite share by sockets, if that is its kind. */
function choose(kind: Kind): void {
  before(() => {
    if (kind === "sockets") process.env["SPOOL_MEMORY"] = "sockets";
  });
  after(() => {
    delete process.env["SPOOL_MEMORY"];
  });
}

const VALUES: readonly [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["true", true],
  ["false", false],
  ["zero", 0],
  ["negative zero", -0],
  ["fraction", -1.5],
  ["NaN", NaN],
  ["infinity", -Infinity],
  ["empty text", ""],
  ["ASCII text", "plain text"],
  ["text", "smørbrød 🥪"],
  ["lone surrogate in an object", { text: "\ud800" }],
  ["bigint", 2n ** 70n],
  ["array", [1, "two", [3]]],
  ["object", { a: 1, b: { c: [true, null] } }],
  ["date", new Date(0)],
  ["map", new Map([[{ k: 1 }, new Set([1, 2])]])],
  ["error", new RangeError("out")],
  ["regular expression", /x+/gi],
  ["bytes", new Uint8Array([1, 2, 3])],
  ["no bytes", new Uint8Array(0)],
  ["part of bytes", new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
  ["buffer", Buffer.from("text")],
  ["doubles", new Float64Array([1.5, -2.5])],
  ["unaligned view", new Uint16Array(new Uint16Array([1, 2, 3]).buffer, 2, 2)],
  ["bigints", new BigInt64Array([-1n, 1n])],
  ["clamped", new Uint8ClampedArray([0, 255])],
  ["data view", new DataView(new Uint8Array([9, 8]).buffer)],
  ["array buffer", new Uint8Array([5]).buffer],
  ["negative zero in an array", [-0, 0, 2 ** 31, -(2 ** 31), 0.5]],
  ["hole in an array", Object.assign([1, 2, 3], { length: 5 })],
  ["array with a property", Object.assign([1], { extra: 2 })],
  ["hole in an array with a property", Object.assign(Array(1), { extra: 2 })],
  ["object without prototype inside", [Object.assign(Object.create(null), { a: 1 })]],
  ["key __proto__", JSON.parse('{"__proto__": 1, "b": [2]}')],
  ["wide text in an object", { ключ: "значение", list: ["ascii", "ü"] }],
  ["larger object", Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key ${i}`, [i, `${i}`]]))],
  ["deep array", [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]],
  ["5 MB of bytes", new Uint8Array(5e6).fill(3)],
  ["long text", "x".repeat(3e6)],
];

for (const kind of KINDS) {
  describe(`Queue in ${kind} memory, one user`, () => {
    choose(kind);
    for (const [name, value] of VALUES) {
      test(`carries ${name}`, async () => {
        const queue = queueIn<unknown>(kind);
        await queue.put(value);
        queue.putSync(value);
        assert.equal(queue.qsize(), 2);
        for (const received of [await queue.get(), queue.getSync()]) {
          assert.deepEqual(received, value);
          assert.ok(Object.is(received, value) || typeof value === "object", "the same primitive");
        }
        assert.ok(queue.empty());
      });
    }

    const CASES: Record<string, (queue: Queue<any>) => unknown> = {
      "an object that occurs twice stays one": async (queue) => {
        const twice = { n: 1 };
        const cycle: unknown[] = [twice, twice];
        cycle.push(cycle);
        await queue.put(cycle);
        await queue.put([twice, twice]);
        const got = await queue.get();
        assert.equal(got[0], got[1]);
        assert.equal(got[2], got);
        const [a, b] = await queue.get();
        assert.equal(a, b);
      },
      "a getter that sends something itself harms nobody": async (queue) => {
        const inner = { inner: [1, 2, 3] };
        const outer = {
          before: "x",
          get value() {
            queue.putSync(inner);
            return 7;
          },
          after: "y",
        };
        const other = queueIn<any>(kind);
        await other.put(outer);
        assert.deepEqual(await other.get(), { before: "x", value: 7, after: "y" });
        assert.deepEqual(await queue.get(), inner);
      },
      "getWith looks at an item where it lies": async (queue) => {
        const doubles = new Float64Array([1.5, 2.5, 3.5]);
        for (const item of [doubles, Buffer.from("text"), new Uint8Array(300_000).fill(9), { plain: 1 }])
          await queue.put(item);
        let kept: Float64Array | undefined;
        assert.equal(
          queue.getWithSync((item: Float64Array) => ((kept = item), item[1])),
          2.5,
        );
        if (kind !== "sockets")
          assert.notEqual(kept!.buffer.byteLength, kept!.byteLength, "a view of the ring");
        assert.equal(await queue.getWith((item: Buffer) => item.toString()), "text");
        assert.ok(
          await queue.getWith((item: Uint8Array) => item.length === 300_000 && item.every((b) => b === 9)),
        );
        assert.deepEqual(await queue.getWith((item: unknown) => item), { plain: 1 });
        await assert.rejects(
          queue.getWith(() => 0, { timeout: 0.01 }),
          Empty,
        );
        assert.throws(() => queue.getWithSync(() => 0, { timeout: 0.01 }), Empty);
      },
      "an item whose look fails stays in the queue": async (queue) => {
        await queue.put("first");
        await queue.put("second");
        const fails = (): never => {
          throw new RangeError("not now");
        };
        await assert.rejects(queue.getWith(fails), RangeError);
        assert.throws(() => queue.getWithSync(fails), RangeError);
        assert.equal(queue.qsize(), 2);
        assert.equal(await queue.get(), "first");
        assert.equal(await queue.get(), "second");
      },
      "putNowait enlarges a queue without a limit at once": (queue) => {
        for (let i = 0; i < 40; i++) queue.putNowait(new Uint8Array(100_000).fill(i));
        for (let i = 0; i < 40; i++) assert.equal(queue.getNowait()[99_999], i);
      },
      "keeps the order over many wraps and growths": async (queue) => {
        const sizes = [1, 100, 10_000, 300_000, 7, 2_000_000, 0, 65_536];
        for (let round = 0; round < 3; round++) {
          for (const size of sizes) queue.putSync(new Uint8Array(size).fill(round + 1));
          for (const size of sizes) {
            const got = queue.getSync() as Uint8Array;
            assert.equal(got.length, size);
            assert.ok(got.every((byte) => byte === round + 1));
          }
        }
      },
      "without a limit holds what nobody takes yet": async (queue) => {
        const many = kind === "sockets" ? 500 : 20_000;
        for (let i = 0; i < many; i++) queue.putNowait({ index: i, text: "some text to fill the ring" });
        assert.equal(queue.qsize(), many);
        for (let i = 0; i < many; i++) assert.equal(queue.getNowait().index, i);
        assert.equal(queue.qsize(), 0);
      },
      "getNowait on an empty queue throws Empty": (queue) => assert.throws(() => queue.getNowait(), Empty),
      "get gives up after its timeout": (queue) =>
        assert.rejects(queue.get({ timeout: 0.01 }), (error: Error) => error instanceof Empty),
      "getSync gives up after its timeout": (queue) =>
        assert.throws(() => queue.getSync({ timeout: 0.01 }), Empty),
      "get ends by its signal": async (queue) => {
        const stop = new AbortController();
        const got = queue.get({ signal: stop.signal });
        stop.abort();
        await assert.rejects(got, { name: "AbortError" });
        await queue.put(1);
        assert.equal(await queue.get(), 1, "the one who left took nothing along");
      },
      "an aborted signal ends get at once": (queue) =>
        assert.rejects(queue.get({ signal: AbortSignal.abort() }), { name: "AbortError" }),
      "a waiting get receives what is put later": async (queue) => {
        const got = queue.get();
        await queue.put("later");
        assert.equal(await got, "later");
      },
      "waiting gets are served in order": async (queue) => {
        const order: number[] = [];
        const gets = [0, 1, 2, 3].map((i) => queue.get().then(() => order.push(i)));
        for (let i = 0; i < 4; i++) await queue.put(i);
        await Promise.all(gets);
        assert.deepEqual(order, [0, 1, 2, 3]);
      },
      "shutdown lets get empty the queue, then throws": async (queue) => {
        queue.putSync(1);
        queue.shutdown();
        assert.throws(() => queue.putSync(2), ShutDown);
        assert.equal(await queue.get(), 1);
        await assert.rejects(queue.get(), ShutDown);
        assert.throws(() => queue.getNowait(), ShutDown);
      },
      "an immediate shutdown drops what is left": async (queue) => {
        queue.putSync(1);
        queue.shutdown({ immediate: true });
        await assert.rejects(queue.get(), ShutDown);
        assert.equal(queue.qsize(), 0);
      },
      "shutdown wakes who waits": async (queue) => {
        const got = queue.get();
        queue.shutdown();
        await assert.rejects(got, ShutDown);
      },
      "for await ends with the shutdown": async (queue) => {
        for (let i = 0; i < 3; i++) queue.putSync(i);
        queue.shutdown();
        const seen: number[] = [];
        for await (const item of queue) seen.push(item);
        assert.deepEqual(seen, [0, 1, 2]);
      },
      "close ends putting here": async (queue) => {
        queue.close();
        queue.close();
        assert.throws(() => queue.putSync(1), { code: "INVALID_STATE" });
        await queue.joinThread();
      },
      "joinThread wants close first": (queue) =>
        assert.rejects(queue.joinThread(), { code: "INVALID_STATE" }),
      "cancelJoinThread does nothing": (queue) => assert.equal(queue.cancelJoinThread(), undefined),
      "what cannot be cloned is refused and nothing is put": async (queue) => {
        await assert.rejects(queue.put({ never: new Promise(() => {}) }));
        assert.equal(queue.qsize(), 0);
      },
      "a negative timeout is an error": (queue) =>
        assert.throws(() => queue.getSync({ timeout: -1 }), { code: "INVALID_ARGUMENT" }),
    };
    for (const [name, run] of Object.entries(CASES))
      test(name, async () => void (await run(queueIn<any>(kind))));

    const BOUNDED: Record<string, (queue: Queue<any>) => unknown> = {
      "putNowait on a full queue throws Full": (queue) => {
        queue.putNowait(1);
        queue.putNowait(2);
        assert.ok(queue.full());
        assert.throws(() => queue.putNowait(3), Full);
        assert.equal(queue.qsize(), 2);
      },
      "put gives up after its timeout": async (queue) => {
        await queue.put(1);
        await queue.put(2);
        await assert.rejects(queue.put(3, { timeout: 0.01 }), Full);
        assert.throws(() => queue.putSync(3, { timeout: 0.01 }), Full);
      },
      "put waits for room": async (queue) => {
        await queue.put(1);
        await queue.put(2);
        const third = queue.put(3);
        assert.equal(await queue.get(), 1);
        await third;
        assert.equal(queue.qsize(), 2);
      },
      "shutdown wakes a waiting put": async (queue) => {
        await queue.put(1);
        await queue.put(2);
        const third = queue.put(3);
        queue.shutdown();
        await assert.rejects(third, ShutDown);
      },
      "maxSize is kept": (queue) => assert.equal(queue.maxSize, 2),
    };
    for (const [name, run] of Object.entries(BOUNDED))
      test(name, async () => void (await run(queueIn<any>(kind, 2))));

    test("a negative maxSize is an error", () =>
      assert.throws(() => queueIn(kind, -1), { code: "INVALID_ARGUMENT" }));

    test("JoinableQueue: join waits for the last taskDone", async () => {
      const queue = joinableIn<number>(kind);
      assert.equal(await queue.join(), true, "nothing was put");
      for (let i = 0; i < 3; i++) await queue.put(i);
      assert.equal(await queue.join({ timeout: 0.01 }), false);
      assert.equal(queue.joinSync({ timeout: 0.01 }), false);
      const joined = queue.join();
      for (let i = 0; i < 3; i++) {
        await queue.get();
        assert.equal(queue.unfinished, 3 - i);
        queue.taskDone();
      }
      assert.equal(await joined, true);
      assert.throws(() => queue.taskDone(), { code: "INVALID_ARGUMENT" });
    });

    test("JoinableQueue: an immediate shutdown finishes what is dropped", async () => {
      const queue = joinableIn<number>(kind);
      await queue.put(1);
      queue.shutdown({ immediate: true });
      assert.equal(await queue.join(), true);
    });
  });
}

for (const [memory, kind] of [
  ["thread", "thread"],
  ["process", "thread"],
  ["process", "process"],
  ["sockets", "thread"],
  ["sockets", "process"],
] as const) {
  describe(`Queue in ${memory} memory with a ${kind}`, () => {
    choose(memory);
    let other: Remote;
    before(async () => {
      other = await remote(kind);
    });
    after(() => other.kill());
    const sum = (count: number): number => (count * (count - 1)) / 2;

    for (const size of [0, 1, 16]) {
      const count = size === 1 ? 60 : 600;
      for (const form of ["produceSync", "produce"]) {
        test(`from ${form} there, maxSize ${size}`, async () => {
          const queue = queueIn<number>(memory, size);
          await other.give("queue", queue);
          const produced = other.script(form, count, 0, 0);
          for (let i = 0; i < count; i++) assert.equal(i % 3 === 0 ? queue.getSync() : await queue.get(), i);
          await produced;
        });
      }
      for (const form of ["consumeSync", "consume"]) {
        test(`to ${form} there, maxSize ${size}`, async () => {
          const queue = queueIn<number>(memory, size);
          await other.give("queue", queue);
          const consumed = other.script(form, count);
          for (let i = 0; i < count; i++) {
            if (i % 3 === 0) queue.putSync(i);
            else await queue.put(i);
          }
          assert.equal(await consumed, sum(count));
        });
      }
    }

    test("a large object passes", async () => {
      const queue = queueIn<unknown>(memory);
      await other.give("queue", queue);
      await queue.put({ size: 2 ** 20, bytes: new Uint8Array(2 ** 20).fill(5) });
      const there = await other.call<{ size: number; bytes: Uint8Array }>("queue", "get");
      assert.equal(there.bytes.length, there.size);
    });
  });

  describe(`Queue in ${memory} memory with a ${kind} that dies`, () => {
    choose(memory);
    const meet = async (queue: Queue<any>, run: (other: Remote) => Promise<void>): Promise<void> => {
      const other = later(await remote(kind));
      await other.give("queue", queue);
      await run(other);
    };

    test("a killed producer loses nothing it had put", async () => {
      const queue = queueIn<number>(memory);
      await meet(queue, async (other) => {
        await other.script("produceSync", 500, 0, 0);
        const endless = other.script("produce", 1e9, 500).catch(() => "killed");
        assert.equal(await queue.get(), 0);
        await other.kill();
        assert.equal(await endless, "killed");
        let next = 1;
        for (const size = queue.qsize(); next <= size; next++) assert.equal(await queue.get(LONG), next);
        assert.ok(next >= 500);
      });
    });

    test("a killed consumer that waits takes nothing along", async () => {
      const queue = queueIn<number>(memory);
      await meet(queue, async (other) => {
        const waiting = other.call("queue", "getSync").catch(() => "killed");
        await other.kill();
        assert.equal(await waiting, "killed");
        await queue.put(1);
        assert.equal(await queue.get(LONG), 1);
      });
    });
  });
}
