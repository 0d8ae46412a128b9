// oxlint-disable typescript/no-implied-eval -- such functions travel too
import "../support/leaks.ts";
import assert from "node:assert/strict";
import inspector from "node:inspector";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "node:test";
import { packArguments, packResult, ref, revive, ship, unpackArguments } from "spool/closures";
import { double } from "./fixtures/library.ts";

const factor = 3;
const FROZEN = Object.freeze({ a: Object.freeze([1]) });
const box = { n: 1 };
let level = 1;
const to = "thread";
const call = async (shipment: { payload: never | unknown }, ...args: unknown[]): Promise<unknown> =>
  (await revive(structuredClone(shipment.payload) as never))(...args);

test("a function is captured once when nothing it captures can change", () => {
  for (const fn of [
    (x: number) => x,
    (x: number) => x * factor,
    () => FROZEN.a,
    double,
    ref("node:path", "join"),
    Math.max,
  ]) {
    const first = ship(fn, { to });
    assert.ok(first.stable, String(fn));
    assert.equal(ship(fn, { to }), first);
  }
});

test("a function is captured afresh when something it captures may change", async () => {
  for (const [read, change] of [
    [() => box.n, () => box.n++],
    [() => level, () => level++],
  ] as const) {
    const before = ship(read, { to });
    change();
    const after = ship(read, { to });
    assert.equal(before.stable, false);
    assert.notEqual(before.key, after.key);
    assert.deepEqual([await call(before), await call(after)], [1, 2]);
  }
});

test("new closures that say the same share a key, others do not", async () => {
  const times = (n: number) => (x: number) => x * n;
  const constant = (): Function => (x: number) => x * factor;
  assert.equal(ship(constant(), { to }).key, ship(constant(), { to }).key);
  const [two, three] = [ship(times(2), { to }), ship(times(3), { to })];
  assert.notEqual(two.key, three.key);
  assert.deepEqual([await call(two, 5), await call(three, 5)], [10, 15]);
  assert.equal(ship(times(2), { to }).key, two.key);
});

test("the same text with other captures is another function", async () => {
  const a = (() => {
    const v = "a";
    return () => v;
  })();
  const b = (() => {
    const v = "b";
    return () => v;
  })();
  const closed = () => (x: string) => x;
  assert.equal(String(a), String(b));
  assert.deepEqual([await call(ship(a, { to })), await call(ship(b, { to }))], ["a", "b"]);
  assert.equal(ship(closed(), { to }).key, ship(closed(), { to }).key);
});

test("every session is closed and the debugger never stays enabled", async () => {
  const log: string[] = [];
  const { Session } = inspector;
  const { connect, disconnect, post } = Session.prototype;
  Session.prototype.connect = function (...args) {
    log.push("connect");
    return connect.apply(this, args);
  };
  Session.prototype.disconnect = function () {
    log.push("disconnect");
    return disconnect.call(this);
  };
  Session.prototype.post = function (this: inspector.Session, method: string, ...rest: unknown[]) {
    if (method.startsWith("Debugger.")) log.push(method);
    return (post as Function).call(this, method, ...rest);
  } as never;
  try {
    const holder = {
      k: 1,
      submit(): unknown {
        return ship(() => this.k, { to });
      },
    };
    holder.submit();
    ship(new Function("return 1"), { to });
    assert.throws(() => ship(() => log.push(String(Promise.prototype)) && pending, { to }));
  } finally {
    Object.assign(Session.prototype, { connect, disconnect, post });
  }
  const count = (what: string): number => log.filter((entry) => entry === what).length;
  assert.ok(count("connect") >= 3 && count("Debugger.enable") >= 2, log.join());
  assert.equal(count("connect"), count("disconnect"));
  assert.equal(count("Debugger.enable"), count("Debugger.disable"));
});
const pending = Promise.resolve();

test("what the program prints is not kept alive by a capture", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const refs: WeakRef<object>[] = [];
  for (let i = 0; i < 20; i++) {
    ship(() => i, { to });
    const printed = { i };
    refs.push(new WeakRef(printed));
    console.debug("%o", printed.i, printed === undefined);
  }
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  assert.ok(refs.filter((r) => r.deref() !== undefined).length < 3);
});

test("plain arguments pass as they are, everything else is encoded", async () => {
  const plain = [
    1,
    "a",
    null,
    { deep: [{ n: 1n }] },
    new Map([[1, new Set([2])]]),
    new Float64Array(2),
    new Date(0),
    /x/g,
  ];
  assert.equal(packArguments(plain, { to }), plain);
  for (const value of [
    () => 1,
    new (class A {})(),
    Object.create(null),
    Buffer.from("a"),
    new TypeError("x"),
    Symbol("s"),
  ]) {
    const args = [{ deep: [value] }];
    const packed = packArguments(args, { to });
    assert.notEqual(packed, args);
    const [back] = (await unpackArguments(structuredClone(packed))) as typeof args;
    assert.equal(typeof back!.deep[0], typeof value);
  }
});

test("a result that looks like an encoded one is not taken for it", async () => {
  const odd = { "spool:packed": 1 };
  const packed = structuredClone(packResult(odd, { to }));
  assert.deepEqual(await unpackArguments(packed), odd);
});

test("what can be transferred may be among the arguments of a thread, not of a process", () => {
  const { port1, port2 } = new MessageChannel();
  const args = [{ port: port1, fn: () => 1 }];
  const packed = packArguments(args, { to });
  assert.doesNotThrow(() => structuredClone(packed, { transfer: [port1] }));
  assert.throws(() => packArguments([port2], { to: "process" }), { code: "CAPTURE_HOST" });
  assert.throws(() => ship(() => port2.close(), { to }), { code: "CAPTURE_HOST" });
  port2.close();
});

test("cyclic and very deep plain data passes or is refused, but always ends", () => {
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  assert.deepEqual(packArguments([ring], { to }), [ring]);
  let chain: unknown = () => 1;
  for (let i = 0; i < 100_000; i++) chain = { chain };
  assert.throws(() => packArguments([chain], { to }), { code: "CAPTURE_TOO_BIG" });
});
