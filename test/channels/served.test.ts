import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Client } from "spool/channels";
import { reduce } from "spool/closures";
import {
  Array,
  Event,
  JoinableQueue,
  Lock,
  Process,
  ProcessPoolExecutor,
  Queue,
  SharedMemory,
  Value,
} from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";

/** What is peculiar to processes that share by sockets; the contract of the primitives is in test/sync/contract.test.ts. */
before(() => {
  process.env["SPOOL_MEMORY"] = "sockets";
});
after(() => {
  delete process.env["SPOOL_MEMORY"];
});

test("a bounded queue between processes, to its end", { timeout: 60_000 }, async () => {
  const queue = new Queue<unknown>(2);
  assert.ok(queue instanceof Queue);
  const items = [1, "text", new Uint8Array([1, 2]), new Float64Array([0.5]), { deep: [1n] }, undefined];
  const child = new Process({
    target: async (those: unknown[]) => {
      for (const [i, item] of those.entries()) {
        if (i % 2 === 0) queue.putSync(item);
        else await queue.put(item);
      }
      queue.shutdown();
    },
    args: [items],
  });
  child.start();
  const got: unknown[] = [];
  for await (const item of queue) got.push(item);
  assert.deepEqual(got, items);
  await child.join();
  await assert.rejects(queue.put(1), { code: "SHUT_DOWN" });
  assert.throws(() => queue.getNowait(), { code: "SHUT_DOWN" });
});

test("items hold functions and served objects", { timeout: 60_000 }, async () => {
  const queue = new JoinableQueue<() => number>();
  const count = new Value("i", 1);
  const child = new Process({
    target: async () => {
      (await queue.get())();
      queue.taskDone();
    },
  });
  child.start();
  await queue.put(() => count.add(2));
  assert.equal(await queue.join(), true);
  assert.equal(count.value, 3);
  await child.join();
});

test("what a killed producer had put is there, and what it held is free", { timeout: 60_000 }, async () => {
  const [queue, lock, event] = [new Queue<number>(), new Lock(), new Event()];
  const child = new Process({
    target: async () => {
      lock.acquireSync();
      for (let i = 0; i < 5; i++) await queue.put(i);
      event.set();
      await new Event().wait();
    },
  });
  child.start();
  await event.wait();
  child.kill();
  await child.join();
  assert.equal(await lock.acquire(), true);
  assert.equal(lock.abandoned?.pid, child.pid);
  lock.release();
  for (let i = 0; i < 5; i++) assert.equal(queue.getSync(), i);
  assert.equal(queue.empty(), true);
});

test("a signal ends a wait, and the place in the line with it", { timeout: 60_000 }, async () => {
  const queue = new Queue<number>();
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = queue.get({ signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await queue.put(7);
  assert.equal(await queue.get({ timeout: 60 }), 7);
  await assert.rejects(queue.get({ timeout: 0.01 }), { code: "EMPTY" });
});

test("blocking on a lock that is held here is an error, not a hang", () => {
  const lock = new Lock();
  lock.acquireSync();
  assert.throws(() => lock.acquireSync(), { code: "INVALID_STATE" });
  lock.release();
});

test("what needs shared memory says so", () => {
  assert.throws(() => new Array("i", 2).view, { code: "UNSUPPORTED" });
  using memory = new SharedMemory({ create: true, size: 8 });
  memory.unlink();
  assert.throws(() => memory.buf, { code: "UNSUPPORTED" });
});

/** Where the service of an object listens. */
function addressOf(object: object): string {
  const { state } = (object as any)[reduce]({ to: "process" });
  return state.made.at.address;
}

/** Runs a program that prints one line, and gives that line. */
async function run(program: string): Promise<string> {
  const { SPOOL_TRACKER: _, ...env } = process.env;
  const args = ["-C", "spool-source", "--input-type=module", "-e", program];
  const child = execFile(process.execPath, args, { env: { ...env, NODE_TEST_CONTEXT: "" } });
  let output = "";
  child.stdout!.on("data", (chunk) => (output += chunk));
  await once(child, "exit");
  return output.trim();
}

const SAY_WHERE = `
  import { Lock } from "spool/multiprocessing";
  import { reduce } from "spool/closures";
  const lock = new Lock();
  lock.acquireSync();
  console.log(lock[reduce]({ to: "process" }).state.made.at.address);`;

test("the socket is this user's own, asks for the key, and goes with the program", async () => {
  const address = addressOf(new Lock());
  assert.equal(statSync(dirname(address)).mode & 0o777, 0o700);
  await assert.rejects(Client(address, { authkey: "guessed" }), { code: "AUTHENTICATION" });
  const other = await run(SAY_WHERE);
  assert.notEqual(other, address);
  assert.equal(existsSync(dirname(other)), false);
});

test("the socket of a killed program goes too", { timeout: 60_000 }, async () => {
  const address = await run(`${SAY_WHERE} process.kill(process.pid, "SIGKILL");`);
  assert.match(address, /spool-service-/);
  while (existsSync(dirname(address))) await new Promise((resolve) => setTimeout(resolve, 10));
});

test("what nobody listens at any more is swept away by the next service", { timeout: 60_000 }, async () => {
  const [old, fresh] = [1, 2].map(() => mkdtempSync(join(tmpdir(), "spool-service-")));
  utimesSync(old!, 0, 0);
  const live = dirname(addressOf(new Lock()));
  utimesSync(live, 0, 0);
  await run(`${SAY_WHERE} while (fs.existsSync(${JSON.stringify(old)})) await new Promise(setImmediate);`);
  assert.equal(existsSync(fresh!), true);
  assert.equal(existsSync(live), true);
  rmSync(fresh!, { recursive: true });
});

test(
  "its key is told to processes and threads, and stands in no environment",
  { timeout: 60_000 },
  async () => {
    const count = new Value("i", 0);
    const { key } = (count as any)[reduce]({ to: "process" }).state.made.at;
    const work = async (): Promise<void> => {
      const address = addressOf(new Lock());
      const environment = readFileSync("/proc/self/environ", "latin1") + JSON.stringify(process.env);
      await results.put([address, environment.includes(key)]);
    };
    const results = new Queue<unknown>();
    const child = new Process({ target: work });
    child.start();
    await child.join();
    await using processes = new ProcessPoolExecutor({ maxWorkers: 1 });
    await processes.submit(work);
    await using threads = new ThreadPoolExecutor({ maxWorkers: 1 });
    await threads.submit(work);
    for (let i = 0; i < 3; i++) assert.deepEqual(await results.get(), [addressOf(count), false]);
  },
);

test(
  "an item goes back to the front when who looks at it throws or is killed",
  { timeout: 60_000 },
  async () => {
    const [queue, looking] = [new Queue<number>(), new Event()];
    for (const item of [1, 2]) queue.putSync(item);
    await assert.rejects(
      queue.getWith(() => {
        throw new RangeError("not now");
      }),
      RangeError,
    );
    const child = new Process({
      target: () =>
        queue.getWithSync(() => {
          looking.set();
          for (;;);
        }),
    });
    child.start();
    await looking.wait();
    assert.equal(queue.getSync(), 2, "others go on meanwhile");
    const first = queue.get();
    child.kill();
    await child.join();
    assert.equal(await first, 1);
  },
);

test("an object is there as long as any that stands for it", { timeout: 60_000 }, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const value = new Value("i", 7);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 20; i++) assert.equal(value.getObj().value, 7);
    collect();
    await new Promise(setImmediate);
  }
  assert.equal(value.value, 7);
});
