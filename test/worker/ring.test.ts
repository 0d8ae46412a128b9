import "../support/leaks.ts";
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { posix } from "spool/memory";
import { Inbox } from "../../src/worker/inbox.ts";
import { Outbox } from "../../src/worker/outbox.ts";
import { Op } from "../../src/worker/protocol.ts";
import { RingPair, workerEnds } from "../../src/worker/ring.ts";

type Record = readonly [op: number, id: number, a: unknown, b: unknown];

/** Only bounds how long a defect can hang the suite. */
const MOST_TURNS = 1e6;

// Rings are what this is about, whatever the rest of the run goes over.
before(() => {
  delete process.env["SPOOL_TRANSPORT"];
});

/** An outbox whose records arrive in an inbox of this thread; messages wait until they are delivered. */
class Way {
  readonly received: Record[] = [];
  readonly messages: unknown[][] = [];
  readonly outbox: Outbox;
  readonly inbox: Inbox;

  constructor(kind: "thread" | "process") {
    const rings = new RingPair(kind);
    this.outbox = new Outbox(
      (batch) => void this.messages.push(structuredClone(batch)),
      (_op, _id, error) => {
        throw error;
      },
    );
    this.inbox = new Inbox({
      receive: (op, id, a, b) => void this.received.push([op, id, a, b]),
      after: () => {},
    });
    this.outbox.attach(rings.writer);
    this.inbox.attach(workerEnds(rings.ship(kind)).reader);
  }

  /** Sends one record by message, after which the ring is in use. */
  async open(): Promise<void> {
    this.post(Op.STARTED, 0);
    this.deliver();
    await this.until(1);
    this.received.length = 0;
  }

  post(op: Op, id: number, a?: unknown, b?: unknown): void {
    this.outbox.post(op, id, a, b);
    this.outbox.flush();
  }

  deliver(): void {
    for (const message of this.messages.splice(0)) this.inbox.message(message);
  }

  async until(count: number): Promise<void> {
    for (let turn = 0; this.received.length < count; turn++) {
      assert.ok(turn < MOST_TURNS, `${this.received.length} of ${count} records have arrived`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const repeated = { a: 1 };
const SMALL: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  2 ** 23 - 1,
  -(2 ** 23),
  2 ** 23,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  Number.MAX_SAFE_INTEGER,
  0.1,
  NaN,
  -Infinity,
  "",
  "text",
  "é\u00ff",
  "\u0100 \ud83d\ude00 \ud800",
  "x".repeat(512),
  [],
  [1, "two", [3, [undefined]], null],
  {},
  { a: 1, b: "two" },
  { a: 1, b: "two" },
  { b: "two", a: 1 },
  { 1: "one", a: { b: { c: [{ a: 1 }] } } },
];
const OTHERS: readonly unknown[] = [
  10n,
  "x".repeat(513),
  new Date(0),
  new Map([[1, 2]]),
  new Float64Array([1, 2]),
  Array.from({ length: 100 }, (_, i) => i),
  // eslint-disable-next-line no-sparse-arrays
  [1, , 3],
  Object.assign([1, 2], { extra: true }),
  Object.assign([1], { extra: true }),
  Object.assign([], { extra: true }),
  "xay".match(/a/),
  [repeated, repeated],
  JSON.parse('{ "__proto__": 1 }'),
];

for (const kind of ["thread", "process"] as const) {
  suite(
    `a ring between ${kind === "thread" ? "threads" : "processes"}`,
    { skip: kind === "process" && posix() === null },
    () => {
      test("small plain values arrive as they were, without any message", async () => {
        const way = new Way(kind);
        await way.open();
        for (const [id, value] of SMALL.entries()) way.post(Op.RESULT, id, value, [structuredClone(value)]);
        await way.until(SMALL.length);
        assert.equal(way.messages.length, 0);
        for (const [id, value] of SMALL.entries())
          assert.deepStrictEqual(way.received[id], [Op.RESULT, id, value, [value]]);
        way.inbox.close();
      });

      test("a proxy is refused, as by every message", async () => {
        const way = new Way(kind);
        await way.open();
        assert.throws(() => way.post(Op.RESULT, 1, new Proxy({ a: 1 }, {})), { name: "DataCloneError" });
        way.inbox.close();
      });

      test("what is not for the ring travels by message, everything in order", async () => {
        const way = new Way(kind);
        await way.open();
        const values = OTHERS.flatMap((value, i) => [value, i, { shape: i }]);
        for (const [id, value] of values.entries()) {
          way.post(Op.RESULT, id, value);
          if (id % 7 === 0) way.deliver();
        }
        way.deliver();
        await way.until(values.length);
        for (const [id, value] of values.entries())
          assert.deepStrictEqual(way.received[id], [Op.RESULT, id, value, undefined]);
        way.inbox.close();
      });

      test("an object that occurs twice arrives as one", async () => {
        const way = new Way(kind);
        await way.open();
        way.post(Op.RESULT, 1, [repeated, repeated]);
        way.deliver();
        const [[, , value]] = way.received as unknown as [[number, number, [object, object]]];
        assert.equal(value[0], value[1]);
        way.inbox.close();
      });

      test("a reader that does not read: the ring fills up, and the rest goes by message", async () => {
        const way = new Way(kind);
        await way.open();
        const count = 30_000;
        for (let id = 0; id < count; id++) way.outbox.post(Op.RESULT, id, id);
        way.outbox.flush();
        assert.equal(way.messages.length, 1);
        way.deliver();
        await way.until(count);
        assert.ok(way.received.every(([, id, a], i) => id === i && a === i));
        way.inbox.close();
      });

      test("records of all lengths, many times around", async () => {
        const way = new Way(kind);
        await way.open();
        const texts = Array.from({ length: 512 }, (_, i) => "y".repeat(i));
        let sent = 0;
        for (let round = 0; round < 60; round++) {
          for (let i = 0; i < 100; i++, sent++)
            way.outbox.post(Op.RESULT, sent, texts[(sent * 37) % 512], sent / 3);
          way.outbox.flush();
          way.deliver();
          await way.until(sent);
        }
        assert.ok(
          way.received.every(([, id, a, b], i) => id === i && a === texts[(i * 37) % 512] && b === i / 3),
        );
        way.inbox.close();
      });

      test("one that parks is woken by one empty message", async () => {
        const way = new Way(kind);
        await way.open();
        for (let id = 0; id < 20; id++) {
          // Longer than an inbox looks by itself.
          for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
          way.post(Op.RESULT, id, id);
          way.post(Op.RESULT, id, id);
          assert.deepEqual(way.messages, [[]]);
          way.deliver();
          await way.until(2 * id + 2);
        }
        way.inbox.close();
      });
    },
  );
}
