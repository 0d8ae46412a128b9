import {
  CancelledError,
  InvalidStateError,
  Task,
  TimeoutError,
  UnhandledTaskError,
  allTasks,
  createTask,
  currentSignal,
  currentTask,
  group,
  run,
  sleep,
} from "spool/asyncio";
import { Boom, assert, errorOf, failing, vtest } from "./support.ts";

vtest("a task goes pending, running, finished, and says so", async () => {
  const task = createTask(() => sleep(1).then(() => 5));
  const states = [task.state];
  await sleep(0);
  states.push(task.state);
  assert.equal(await task.join(), 5);
  states.push(task.state);
  assert.deepEqual(states, ["pending", "running", "finished"]);
});

vtest("result() gives the value, exception() null", async () => {
  const task = createTask(async () => "v");
  await task.join();
  assert.deepEqual(
    [task.result(), task.exception(), task.done(), task.cancelled()],
    ["v", null, true, false],
  );
});

vtest("result() and exception() of a running task throw InvalidStateError naming it", async () => {
  const task = createTask(() => sleep(1), { name: "slow" });
  assert.throws(() => task.result(), InvalidStateError);
  assert.throws(() => task.exception(), /task "slow" is still pending/);
  await task.join();
});

vtest("a failed task throws its error from result() and gives it from exception()", async () => {
  const task = createTask(failing("bad"));
  await errorOf(task);
  assert.throws(() => task.result(), Boom);
  assert.equal((task.exception() as Error).message, "bad");
  assert.deepEqual([task.state, task.done(), task.cancelled()], ["failed", true, false]);
});

vtest("a cancelled task throws CancelledError from result() and exception()", async () => {
  const task = createTask(() => sleep(9), { name: "t" });
  await sleep(0);
  assert.equal(task.cancel("no longer wanted"), true);
  const error = await errorOf(task);
  assert.ok(error instanceof CancelledError);
  assert.throws(() => task.result(), CancelledError);
  assert.throws(() => task.exception(), CancelledError);
  assert.equal((error.cause as Error).message, "no longer wanted");
});

vtest("every waiter of a cancelled task gets one and the same error", async () => {
  const task = createTask(() => sleep(9));
  task.cancel();
  assert.equal(await errorOf(task), await errorOf(task.join()));
});

vtest("cancel() of a done task is false and changes nothing", async () => {
  const task = createTask(async () => 1);
  await task.join();
  assert.deepEqual([task.cancel(), task.result()], [false, 1]);
});

vtest("a task that returns in spite of its cancellation is finished, not cancelled", async () => {
  const task = createTask(async () => {
    await sleep(9).catch(() => {});
    return "late but real";
  });
  await sleep(0);
  task.cancel();
  assert.equal(await task.join(), "late but real");
  assert.equal(task.cancelled(), false);
});

vtest("a task that turns its cancellation into an error has failed with that error", async () => {
  const task = createTask(async () => {
    await sleep(9).catch(() => {
      throw new Boom("translated");
    });
  });
  await sleep(0);
  task.cancel();
  assert.equal((await errorOf(task)).message, "translated");
  assert.equal(task.state, "failed");
});

vtest("cancelling() counts requests and uncancel() takes them back", async () => {
  const task = createTask(() => sleep(9));
  await sleep(0);
  task.cancel();
  task.cancel();
  assert.deepEqual([task.cancelling(), task.uncancel(), task.cancelling()], [2, 1, 1]);
  await errorOf(task);
});

vtest("after uncancel() down to zero, waits work again", async (clock) => {
  const task = createTask(async () => {
    await sleep(9).catch(() => {});
    currentTask()!.uncancel();
    await sleep(3);
    return clock.now();
  });
  await sleep(1);
  task.cancel();
  assert.equal(await task.join(), 4);
});

vtest("uncancel() also renews the signal", async () => {
  const task = createTask(async () => {
    const first = currentSignal();
    await sleep(9).catch(() => {});
    currentTask()!.uncancel();
    return [first.aborted, currentSignal().aborted];
  });
  await sleep(1);
  task.cancel();
  assert.deepEqual(await task.join(), [true, false]);
});

vtest("a task that cancels itself ends at its next wait", async () => {
  const log: string[] = [];
  const task = createTask(async () => {
    currentTask()!.cancel();
    log.push("still runs");
    await sleep(0);
    log.push("never");
  });
  await errorOf(task);
  assert.deepEqual(log, ["still runs"]);
});

vtest("cancelling a waiter leaves the awaited task alone", async (clock) => {
  const worker = createTask(() => sleep(5).then(() => clock.now()));
  const waiter = createTask(() => worker.join());
  await sleep(1);
  waiter.cancel();
  await errorOf(waiter);
  assert.equal(await worker.join(), 5);
});

vtest("`await task` itself is a wait that cancellation ends", async (clock) => {
  const worker = createTask(() => sleep(5));
  let at = -1;
  const waiter = createTask(async () => {
    try {
      await worker;
    } finally {
      at = clock.now();
    }
  });
  await sleep(2);
  waiter.cancel();
  await errorOf(waiter);
  assert.equal(at, 2);
  await worker;
});

vtest("join() with a timeout gives up and the task goes on", async (clock) => {
  const task = createTask(() => sleep(5).then(() => 1));
  assert.ok((await errorOf(task.join({ timeout: 2 }))) instanceof TimeoutError);
  assert.equal(clock.now(), 2);
  assert.equal(await task.join(), 1);
});

vtest("join() with a signal gives up with its reason", async () => {
  const task = createTask(() => sleep(5));
  const controller = new AbortController();
  const joined = errorOf(task.join({ signal: controller.signal }));
  const reason = new Boom("enough");
  controller.abort(reason);
  assert.equal(await joined, reason);
  await task;
});

vtest("many waiters all get the value, early and late ones", async () => {
  const task = createTask(() => sleep(1).then(() => 3));
  const early = [task.join(), task.then((v) => v * 2), task.finally(() => {})];
  assert.deepEqual(await Promise.all(early), [3, 6, 3]);
  assert.deepEqual([await task, await task.then((v) => v + 1)], [3, 4]);
});

vtest("catch() sees the error, then() passes it on", async () => {
  const task = createTask(failing("x"));
  assert.equal(await task.catch((error: Error) => error.message), "x");
  assert.equal((await errorOf(task.then(() => 1))).message, "x");
});

vtest("done callbacks run once, after the end, in order", async () => {
  const log: unknown[] = [];
  const task = createTask(async () => 1);
  task.addDoneCallback((t) => log.push("a", t.result()));
  task.addDoneCallback(() => log.push("b"));
  await task.join();
  await sleep(0);
  task.addDoneCallback(() => log.push("late"));
  await sleep(0);
  assert.deepEqual(log, ["a", 1, "b", "late"]);
});

vtest("removeDoneCallback() says how many it removed", async () => {
  let called = 0;
  const fn = (): void => void called++;
  const task = createTask(async () => {});
  task.addDoneCallback(fn);
  task.addDoneCallback(fn);
  assert.deepEqual([task.removeDoneCallback(fn), task.removeDoneCallback(fn)], [2, 0]);
  await task;
  assert.equal(called, 0);
});

vtest("createTask takes a function; a promise is refused, since it has started already", async () => {
  assert.throws(() => createTask(Promise.resolve(1) as never), /`fn` must be a function/);
});

vtest("tasks without a name are numbered", async () => {
  const [a, b] = [createTask(() => {}), createTask(() => {})];
  assert.match(a.name, /^task-\d+$/);
  assert.notEqual(a.name, b.name);
  await Promise.all([a.join(), b.join()]);
});

vtest("a task knows where it was spawned", async () => {
  const task = createTask(async () => {});
  assert.match(task.spawnedAt, /task\.test\.ts:\d+:\d+$/);
  assert.match(task.stack, /^Task ".*" \(pending\)\n.*task\.test\.ts/);
  await task;
});

vtest("currentTask() follows the code through awaits, timers and callbacks", async () => {
  const seen: (string | undefined)[] = [];
  const body = async (): Promise<void> => {
    seen.push(currentTask()?.name);
    await sleep(1);
    seen.push(currentTask()?.name);
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        seen.push(currentTask()?.name);
        resolve();
      }),
    );
  };
  const task = createTask(body, { name: "me" });
  await task;
  assert.deepEqual([seen, currentTask()], [["me", "me", "me"], undefined]);
});

vtest("allTasks() lists what has not ended, nested tasks too", async () => {
  await run(async () => {
    await group(async (g) => {
      g.createTask(() => sleep(1), { name: "child" });
      await sleep(0);
      const names = [...allTasks()].map((task) => task.name);
      assert.ok(names.includes("child"));
    });
    assert.ok(![...allTasks()].some((task) => task.name === "child"));
  });
});

vtest("the signal of a task fires when it is cancelled, with its reason", async () => {
  const reason = new CancelledError("why");
  const task = createTask(
    () =>
      new Promise<unknown>((resolve) => {
        const signal = currentSignal();
        signal.addEventListener("abort", () => resolve(signal.reason));
      }),
  );
  await sleep(0);
  task.cancel(reason);
  assert.equal(await task.join(), reason);
});

vtest("outside every task currentSignal() never fires", async () => {
  assert.equal(currentSignal().aborted, false);
});

vtest("a free task outlives its creator", async (clock) => {
  let free!: Task<void>;
  await group((g) => {
    g.spawn(async () => {
      free = createTask(() => sleep(5));
    });
  });
  assert.equal(free.done(), false);
  await free;
  assert.equal(clock.now(), 5);
});

vtest("an error of a task that nobody awaited comes up naming the task and the place", async () => {
  const seen: any[] = [];
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => seen.push(error));
  try {
    await run(async () => {
      createTask(failing("lost"), { name: "background" });
      await sleep(1);
    });
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
  assert.equal(seen.length, 1);
  assert.ok(seen[0] instanceof UnhandledTaskError);
  assert.match(seen[0].message, /Task "background" \(spawned at .*task\.test\.ts:\d+:\d+\) failed.*lost/);
  assert.ok(seen[0].cause instanceof Boom);
});

vtest("an error of a free task that is looked at later is not reported", async () => {
  await run(async () => {
    const task = createTask(failing("seen"));
    await sleep(1);
    assert.equal((await errorOf(task)).message, "seen");
  });
});

vtest("the ten thousandth task costs no more than the first: all end, none is kept", async () => {
  await run(async () => {
    await group((g) => {
      for (let i = 0; i < 10_000; i++) g.spawn(async () => i);
    });
    assert.equal(allTasks().size, 1);
  });
});
