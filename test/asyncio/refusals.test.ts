import "../support/leaks.ts";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import {
  type TaskGroup,
  asCompleted,
  createSubprocessExec,
  createTask,
  currentSignal,
  currentTask,
  gather,
  gatherSettled,
  group,
  mapLimit,
  moveOnAfter,
  openConnection,
  race,
  runInExecutor,
  sleep,
  startServer,
  supervisor,
  timeout,
  wait,
  waitFor,
} from "spool/asyncio";
import { InlineExecutor } from "spool/futures";
import { assert, errorOf, vtest } from "./support.ts";

/** What a task has inside it after `fn` was refused: its own line of the tree and nothing below. */
async function leftBy(fn: () => unknown): Promise<string> {
  return createTask(
    async () => {
      const error: unknown = await errorOf(Promise.resolve().then(fn));
      assert.ok(error instanceof Error);
      // Without its place in the source; what it waits for stands behind that.
      return currentTask()!.tree.replace(/ \([^)]*\)/, "");
    },
    { name: "refused" },
  ).join();
}

const work = async (): Promise<void> => {};
const wrong = -1 as never;
const refusals: Record<string, () => unknown> = {
  "timeout without a function": () => timeout(1, wrong),
  "timeout with a wrong grace": () => timeout(1, work, { grace: -1 }),
  "moveOnAfter without a function": () => moveOnAfter(1, wrong),
  "gather of what is no work": () => gather(wrong),
  "gather with a wrong timeout": () => gather([work], { timeout: -1 }),
  "gather with a wrong signal": () => gather([work], { timeout: 1, signal: wrong }),
  "gatherSettled of what is no work": () => gatherSettled(wrong, { timeout: 1 }),
  "mapLimit of what is not iterable": () => mapLimit(wrong, 1, work, { timeout: 1 }),
  "race of nothing": () => race([], { timeout: 1 }),
  "asCompleted of what is no work": () => asCompleted([wrong], { timeout: 1 }),
  "group without a function": () => group(wrong),
  "supervisor without a function": () => supervisor(wrong),
  "wait with a wrong timeout": () => wait([work()], { timeout: -1 }),
  "waitFor with a wrong signal": () => waitFor(work, 1, { signal: wrong }),
  "openConnection to a port that cannot be": () => openConnection("127.0.0.1", 65_536),
  "startServer on a port that cannot be": () => startServer(work, "127.0.0.1", 65_536),
  "a shut down executor": async () => {
    const executor = new InlineExecutor();
    await executor.shutdown();
    await runInExecutor(executor, work);
  },
};
for (const [name, fn] of Object.entries(refusals)) {
  vtest(`${name} leaves no scope, wait or timer behind`, async (clock) => {
    assert.equal(await leftBy(fn), 'task "refused"');
    assert.equal(clock.now(), 0);
  });
}

vtest("start() in a group that has ended leaves no wait behind", async () => {
  let ended: TaskGroup | undefined;
  await group((g) => void (ended = g));
  assert.equal(await leftBy(() => ended!.start(work)), 'task "refused"');
});

test("a server whose port is taken leaves nothing behind", async () => {
  const server = await startServer(() => {}, undefined, 0);
  try {
    assert.equal(await leftBy(() => startServer(() => {}, undefined, server.port)), 'task "refused"');
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test("a server that was closed and waited for is gone from the tree", async () => {
  const tree = await createTask(async () => {
    const server = await startServer(() => {}, undefined, 0);
    assert.match(currentTask()!.tree, /connections/);
    server.close();
    await server.waitClosed();
    return currentTask()!.tree;
  }).join();
  assert.doesNotMatch(tree, /connections/);
});

test("a program that is not there leaves no listener on the scope's signal", async () => {
  await createTask(async () => {
    await errorOf(createSubprocessExec("/no/such/program"));
    assert.equal(getEventListeners(currentSignal(), "abort").length, 0);
  }).join();
});

vtest("waiting for a task again and again leaves nothing at the task or the waiter", async () => {
  const long = createTask(() => sleep(100));
  const tree = await createTask(async () => {
    for (let i = 0; i < 10; i++) assert.equal((await wait([long], { timeout: 1 })).pending.size, 1);
    return currentTask()!.tree;
  }).join();
  assert.doesNotMatch(tree, /<-/);
  long.cancel();
});
