import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { pipe, type PipeConnection, wait } from "spool/channels";
import { type Remote, remote } from "../support/remote.ts";

/**
 * The contract of Pipe, in both forms, with the other end in a thread or a process, in shared memory and by sockets. A
 * remote does one call at a time, so a pending call is one that waits.
 */
interface Site {
  readonly there: Remote;
  /** A pipe, one end of which the remote has as `end`; `far` is the same end here. */
  readonly make: (options?: {
    readonly duplex?: boolean;
  }) => Promise<{ readonly near: PipeConnection; readonly far: PipeConnection }>;
  /** Calls the blocking or the asynchronous form, there or here. */
  readonly at: <R = any>(method: string, ...args: unknown[]) => Promise<R>;
  readonly here: <R = any>(end: PipeConnection, method: string, ...args: unknown[]) => Promise<R>;
}

const CASES: Record<string, (site: Site) => Promise<void>> = {
  async "values go both ways, in order"({ make, at, here }) {
    const { near } = await make();
    for (const value of [1, "text", { deep: [true, null] }, new Float64Array([0.5]), undefined]) {
      await here(near, "send", value);
      assert.deepEqual(await at("recv"), value);
      await at("send", value);
      assert.deepEqual(await here(near, "recv"), value);
    }
    for (let i = 0; i < 5; i++) await here(near, "send", i);
    for (let i = 0; i < 5; i++) assert.equal(await at("recv"), i);
  },
  async "who waits gets what comes later"({ make, at, here }) {
    const { near } = await make();
    const waiting = at("recv");
    await here(near, "send", "later");
    assert.equal(await waiting, "later");
  },
  async "bytes as messages of their own"({ make, at, here }) {
    const { near } = await make();
    const bytes = new Uint8Array(100_000).fill(7);
    await here(near, "sendBytes", bytes);
    assert.deepEqual(await at("recvBytes"), bytes);
    await at("sendBytes", new Uint8Array(0));
    assert.equal((await here(near, "recvBytes")).length, 0);
  },
  async "a message that is too long is refused, and lost"({ make, at, here }) {
    const { near } = await make();
    for (const bytes of [[1, 2, 3], [4]]) await at("sendBytes", Uint8Array.from(bytes));
    await assert.rejects(here(near, "recvBytes", { maxLength: 2 }), { code: "BUFFER_TOO_SHORT" });
    assert.deepEqual(await here(near, "recvBytes", { maxLength: 2 }), Uint8Array.of(4));
  },
  async "into memory that is there"({ make, at, here }) {
    const { near } = await make();
    const target = new Uint8Array(4);
    await at("sendBytes", Uint8Array.of(1, 2, 3));
    assert.equal(await here(near, "recvBytesInto", target, 1), 3);
    assert.deepEqual(target, Uint8Array.of(0, 1, 2, 3));
    await at("sendBytes", new Uint8Array(9));
    await assert.rejects(here(near, "recvBytesInto", target), { code: "BUFFER_TOO_SHORT" });
  },
  async "poll says whether there is something"({ make, at, here }) {
    const { near } = await make();
    assert.equal(await here(near, "poll"), false);
    assert.equal(await here(near, "poll", { timeout: 0.02 }), false);
    const there = at("poll", { timeout: 60 });
    await here(near, "send", 1);
    assert.equal(await there, true);
    assert.equal(await at("recv"), 1);
    assert.equal(await at("poll"), false);
  },
  async "a receiver gives up after its timeout"({ make, at, here }) {
    const { near } = await make();
    await assert.rejects(here(near, "recv", { timeout: 0.02 }), { code: "TIMEOUT" });
    await assert.rejects(at("recv", { timeout: 0.02 }), { code: "TIMEOUT" });
    await at("send", "still there");
    assert.equal(await here(near, "recv"), "still there");
  },
  async "a sender waits while a megabyte is unread, and gives up after its timeout"({ make, at, here }) {
    const { near } = await make();
    const bytes = new Uint8Array(400_000);
    for (let i = 0; i < 2; i++) await here(near, "sendBytes", bytes);
    await assert.rejects(here(near, "sendBytes", bytes, { timeout: 0.02 }), { code: "TIMEOUT" });
    assert.equal((await at("recvBytes")).length, bytes.length);
    await here(near, "sendBytes", bytes, { timeout: 60 });
    for (let i = 0; i < 2; i++) await at("recvBytes");
    assert.equal(await at("poll"), false);
  },
  async "a message larger than that passes"({ make, at, here }) {
    const { near } = await make();
    const received = at("recvBytes");
    await here(near, "sendBytes", new Uint8Array(3_000_000));
    assert.equal((await received).length, 3_000_000);
  },
  async "one way only, when it is not duplex"({ make, at, here }) {
    const { near } = await make({ duplex: false });
    assert.deepEqual([near.readable, near.writable], [true, false]);
    await assert.rejects(here(near, "send", 1), { code: "INVALID_STATE" });
    await assert.rejects(at("recv"), { code: "INVALID_STATE" });
    await at("send", 1);
    assert.equal(await here(near, "recv"), 1);
  },
  async "what was sent before the end was closed comes, then EOFError"({ make, at, here, there }) {
    const { near, far } = await make();
    await at("send", "last");
    far.close();
    await there.call("end", "close");
    assert.equal(await here(near, "poll"), true);
    assert.equal(await here(near, "recv"), "last");
    assert.equal(await here(near, "poll"), true, "the end can be read, too");
    await assert.rejects(here(near, "recv"), { code: "EOF" });
    await assert.rejects(here(near, "send", 1), { code: "BROKEN_PIPE" });
  },
  async "who waits is told of the end"({ make, at }) {
    const { near, far } = await make();
    const waiting = assert.rejects(at("recv"), { code: "EOF" });
    far.close();
    near.close();
    await waiting;
  },
  async "a closed end is good for nothing"({ make, here }) {
    const { near, far } = await make();
    near.close();
    near.close();
    assert.equal(near.closed, true);
    await assert.rejects(here(near, "send", 1), { code: "INVALID_STATE" });
    await assert.rejects(here(near, "recv"), { code: "INVALID_STATE" });
    far.close();
  },
  async "an end may be sent through another pipe"({ make, there, here }) {
    const { near } = await make();
    const memory = kindOf.get(there)!;
    const other = pipe(memory);
    // What crosses a channel is bytes, and memory of threads cannot be named in bytes.
    if (memory === "thread") return assert.rejects(here(near, "send", other[0]), { code: "UNSUPPORTED" });
    await there.give("other", other[1]);
    await here(near, "send", other[0]);
    await there.script("answerThrough");
    assert.equal(await here(other[0], "recv"), "through the end that came");
    for (const end of other) end.close();
  },
  async "options are checked"({ make, here }) {
    const { near } = await make();
    await assert.rejects(here(near, "recv", { timeout: -1 }), { code: "INVALID_ARGUMENT" });
    await assert.rejects(here(near, "poll", { timeout: NaN }), { code: "INVALID_ARGUMENT" });
  },
};

/** Here the remotes are killed, so each case has its own. */
const FATAL: Record<string, (site: Site) => Promise<void>> = {
  async "the death of the other end is the end"({ make, at, here, there }) {
    const { near, far } = await make();
    far.close();
    await at("send", "last");
    await there.kill();
    assert.equal(await here(near, "recv"), "last");
    await assert.rejects(here(near, "recv"), { code: "EOF" });
  },
  async "a receiver that is killed takes no message along"({ make, at, here, there }) {
    const { near, far } = await make();
    const waiting = at("recv").catch(() => "killed");
    await there.kill();
    assert.equal(await waiting, "killed");
    await here(near, "send", "for whoever lives");
    assert.equal(await here(far, "recv"), "for whoever lives");
  },
};

/** The memory that a remote's pipes are in. */
const kindOf = new WeakMap<Remote, "thread" | "process">();

const SITES = [
  { where: "with a thread", memory: "thread", kind: "thread", sockets: false },
  { where: "with a thread, in memory of processes", memory: "process", kind: "thread", sockets: false },
  { where: "with a process", memory: "process", kind: "process", sockets: false },
  { where: "with a thread, by sockets", memory: "process", kind: "thread", sockets: true },
  { where: "with a process, by sockets", memory: "process", kind: "process", sockets: true },
] as const;

for (const { where, memory, kind, sockets } of SITES) {
  for (const form of ["blocking", "asynchronous"] as const) {
    const named = (method: string): string => (form === "blocking" ? `${method}Sync` : method);
    const siteOf = (there: Remote): Site => ({
      there,
      make: async (options) => {
        const [near, far] = pipe(memory, options);
        await there.give("end", far);
        return { near, far };
      },
      at: (method, ...args) => there.call("end", named(method), ...args),
      here: async (end, method, ...args) => (end as any)[named(method)](...args),
    });
    const choose = (): void => {
      before(() => {
        if (sockets) process.env["SPOOL_MEMORY"] = "sockets";
      });
      after(() => {
        delete process.env["SPOOL_MEMORY"];
      });
    };
    const start = async (): Promise<Remote> => {
      const there = await remote(kind);
      kindOf.set(there, memory);
      return there;
    };

    describe(`Pipe ${where}, ${form}`, () => {
      choose();
      let there: Remote;
      before(async () => {
        there = await start();
      });
      after(() => there.kill());
      for (const [name, run] of Object.entries(CASES)) test(name, () => run(siteOf(there)));
    });

    describe(`Pipe ${where} that dies, ${form}`, () => {
      choose();
      for (const [name, run] of Object.entries(FATAL))
        test(name, async () => run(siteOf(later(await start()))));
    });
  }
}

test("wait names those of several that are ready", async () => {
  const [[a, b], [c, d]] = [pipe("thread"), pipe("thread")];
  const ready = wait([a, c], { timeout: 60 });
  await d.send(1);
  assert.deepEqual(await ready, [c]);
  for (const end of [a, b, c, d]) end.close();
});
