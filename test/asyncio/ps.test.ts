import {
  Queue,
  createTask,
  gather,
  group,
  moveOnAfter,
  ps,
  pstree,
  run,
  shield,
  sleep,
  timeout,
} from "spool/asyncio";
import { waitAllBlocked } from "spool/testing";
import { assert, errorOf, vtest, warningsDuring } from "./support.ts";

vtest("pstree shows runners, tasks, groups, batches, timeouts and what they wait for", async () => {
  let tree = "";
  await run(
    async function main() {
      const queue = new Queue<number>();
      await group(
        async (g) => {
          g.createTask(() => queue.get(), { name: "consumer" });
          g.createTask(() => timeout(60, () => gather([() => sleep(2), () => sleep(2), () => sleep(3)])), {
            name: "producer",
          });
          g.createTask(() => shield(() => sleep(1)), { name: "careful" });
          await waitAllBlocked();
          tree = pstree();
          g.cancel();
        },
        { name: "workers" },
      );
    },
    { name: "app" },
  );
  const shown = tree.replaceAll(/ \([^)]*\)/g, "").split("\n");
  assert.deepEqual(shown, [
    'runner "app"',
    '└─ task "main"',
    '   └─ group "workers"',
    '      ├─ task "consumer" <- Queue.get',
    '      ├─ task "producer"',
    '      │  └─ timeout "timeout"',
    '      │     └─ batch "gather" <- sleep 2 s x 2, sleep 3 s',
    '      └─ task "careful"',
    '         └─ shield "shield" <- sleep 1 s',
  ]);
  assert.match(tree, /task "consumer" \(running, spawned at .*ps\.test\.ts:\d+:\d+\)/);
});

vtest("task.tree shows the part of the tree that is the task's", async () => {
  const task = createTask(() => gather([() => sleep(1), () => sleep(2)]), { name: "both" });
  const other = createTask(() => sleep(1));
  await waitAllBlocked();
  assert.deepEqual(task.tree.replaceAll(/ \([^)]*\)/g, "").split("\n"), [
    'task "both"',
    '└─ batch "gather" <- sleep 1 s, sleep 2 s',
  ]);
  await Promise.all([task, other]);
  assert.match(task.tree, /^task "both" \(finished, spawned at .*ps\.test\.ts:\d+:\d+\)$/);
});

vtest("ps gives the same as data, and is empty when nothing runs", async () => {
  const task = createTask(() => sleep(1), { name: "lonely" });
  await waitAllBlocked();
  const [node] = ps();
  assert.deepEqual(
    [node!.kind, node!.name, node!.waitsFor, node!.cancelled],
    ["task", "lonely", ["sleep 1 s"], false],
  );
  await task;
  assert.deepEqual(ps(), []);
});

vtest("a cancelled task that cleans up is marked as cancelled", async () => {
  const task = createTask(() => sleep(9).finally(() => shield(() => sleep(1))), { name: "cleaning" });
  await waitAllBlocked();
  task.cancel();
  await waitAllBlocked();
  assert.match(pstree(), /task "cleaning" \(.*cancelled\)/);
  await errorOf(task);
});

vtest("abandoned work stays visible until it settles, even when its task has ended", async () => {
  let finish!: () => void;
  await warningsDuring(async () => {
    const task = createTask(() =>
      moveOnAfter(1, () => new Promise<void>((resolve) => (finish = resolve)), { name: "deaf" }),
    );
    await task;
  });
  assert.match(pstree(), /^timeout "deaf" \(1 s, cancelled, abandoned\)$/);
  finish();
  await waitAllBlocked();
  assert.deepEqual(ps(), []);
});
