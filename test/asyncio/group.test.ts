import { CancelledError, ExceptionGroup, TaskGroup, currentTask, group, sleep, timeout } from "spool/asyncio";
import { ArgumentError, StateError } from "spool";
import { Boom, assert, errorOf, failing, groupErrors, vtest, warningsDuring } from "./support.ts";

vtest("a group without children gives the body's value", async () => {
  assert.equal(await group(() => 3), 3);
  assert.equal(await group(async () => "x"), "x");
});

vtest("a group waits for its children before it returns", async (clock) => {
  const log: string[] = [];
  await group(async (g) => {
    g.spawn(async () => {
      await sleep(2);
      log.push("child");
    });
    log.push("body");
  });
  assert.deepEqual([log, clock.now()], [["body", "child"], 2]);
});

vtest("children run side by side: 50 that sleep 2 s end in 2 s", async (clock) => {
  await group((g) => {
    for (let i = 0; i < 50; i++) g.spawn(sleep, 2);
  });
  assert.equal(clock.now(), 2);
});

vtest("a child begins only after spawn has returned", async () => {
  const log: string[] = [];
  await group((g) => {
    g.spawn(async () => void log.push("child"));
    log.push("after spawn");
  });
  assert.deepEqual(log, ["after spawn", "child"]);
});

vtest("children begin in the order they were spawned", async () => {
  const order: number[] = [];
  await group((g) => {
    for (let i = 0; i < 5; i++) g.spawn(async (n: number) => void order.push(n), i);
  });
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

vtest("spawn passes arguments and gives the task with its value", async () => {
  const sum = await group(async (g) => {
    const task = g.spawn(async (a: number, b: number) => a + b, 3, 4);
    return [await task];
  });
  assert.deepEqual(sum, [7]);
});

vtest("a child may spawn siblings, also while the group is closing", async (clock) => {
  const log: string[] = [];
  await group((g) => {
    g.spawn(async () => {
      await sleep(1);
      g.spawn(async () => {
        await sleep(1);
        log.push("grandchild");
      });
    });
  });
  assert.deepEqual([log, clock.now()], [["grandchild"], 2]);
});

vtest("the first failure cancels the siblings and the body, at once", async (clock) => {
  const log: string[] = [];
  const errors = await groupErrors(
    group(async (g) => {
      g.spawn(async () => {
        await sleep(1);
        throw new Boom("first");
      });
      g.spawn(async () => {
        await sleep(5).finally(() => log.push(`sibling at ${clock.now()}`));
      });
      await sleep(9).finally(() => log.push(`body at ${clock.now()}`));
    }),
  );
  assert.deepEqual(errors, ["first"]);
  assert.deepEqual(log.toSorted(), ["body at 1", "sibling at 1"]);
});

vtest("a failing body cancels the children and is part of the ExceptionGroup", async (clock) => {
  let ended = -1;
  const errors = await groupErrors(
    group(async (g) => {
      g.spawn(() => sleep(5).finally(() => (ended = clock.now())));
      await sleep(1);
      throw new Boom("body");
    }),
  );
  assert.deepEqual([errors, ended], [["body"], 1]);
});

vtest("a body that throws synchronously is treated like one that rejects", async () => {
  const errors = await groupErrors(
    group(() => {
      throw new Boom("sync");
    }),
  );
  assert.deepEqual(errors, ["sync"]);
});

vtest("a child that throws synchronously fails its task, not spawn", async () => {
  const errors = await groupErrors(
    group((g) => {
      g.spawn(() => {
        throw new Boom("sync child");
      });
    }),
  );
  assert.deepEqual(errors, ["sync child"]);
});

vtest("errors that come up while siblings unwind are all in the ExceptionGroup", async () => {
  const errors = await groupErrors(
    group((g) => {
      g.spawn(failing("first"));
      g.spawn(async () => {
        try {
          await sleep(5);
        } finally {
          throw new Boom("during cleanup");
        }
      });
    }),
  );
  assert.deepEqual(errors, ["first", "during cleanup"]);
});

vtest("cleanup of a cancelled sibling runs to its end before the group throws", async (clock) => {
  const log: string[] = [];
  await groupErrors(
    group((g) => {
      g.spawn(failing("x"));
      g.spawn(async () => {
        try {
          await sleep(5);
        } catch {
          await new Promise((resolve) => setImmediate(resolve));
          log.push("cleaned");
        }
      });
    }),
  );
  assert.deepEqual([log, clock.now()], [["cleaned"], 0]);
});

vtest("nested groups fail outward as nested ExceptionGroups", async () => {
  const error = await errorOf(
    group((g) => {
      g.spawn(() => group((inner) => void inner.spawn(failing("deep"))));
    }),
  );
  assert.ok(error.errors[0] instanceof ExceptionGroup);
  assert.equal(error.leaves[0].message, "deep");
});

vtest("an inner group's failure that is caught leaves the outer group alone", async (clock) => {
  const value = await group(async (g) => {
    g.spawn(sleep, 2);
    await errorOf(group((inner) => void inner.spawn(failing("inner"))));
    return "fine";
  });
  assert.deepEqual([value, clock.now()], ["fine", 2]);
});

vtest("cancel() ends the children and the group returns without an error", async (clock) => {
  await group((g) => {
    g.spawn(sleep, 100);
    g.spawn(async () => {
      await sleep(1);
      g.cancel();
    });
  });
  assert.equal(clock.now(), 1);
});

vtest("cancel() interrupts the body too; the value is then undefined", async (clock) => {
  const value = await group(async (g) => {
    g.spawn(async () => {
      await sleep(1);
      g.cancel();
    });
    await sleep(100);
    return "never";
  });
  assert.deepEqual([value, clock.now()], [undefined, 1]);
});

vtest("a body that returns in spite of cancel() keeps its value", async () => {
  const value = await group(async (g) => {
    g.cancel();
    await sleep(1).catch(() => {});
    return "kept";
  });
  assert.equal(value, "kept");
});

vtest("cancel() is idempotent, and the first reason wins", async () => {
  const seen: string[] = [];
  await group(async (g) => {
    g.cancel(new CancelledError("one"));
    g.cancel(new CancelledError("two"));
    await sleep(1).catch((error: Error) => seen.push(error.message));
    seen.push((g.signal.reason as Error).message);
  });
  assert.deepEqual(seen, ["one", "one"]);
});

vtest("cancellation is level-triggered: whoever swallows it meets it at the next wait", async (clock) => {
  let refused = 0;
  await group(async (g) => {
    g.cancel();
    for (let i = 0; i < 3; i++) await sleep(10).catch(() => refused++);
  });
  assert.deepEqual([refused, clock.now()], [3, 0]);
});

vtest("spawning into a cancelled group never starts the function", async () => {
  let ran = false;
  const state = await group(async (g) => {
    g.cancel();
    const task = g.spawn(() => void (ran = true));
    await new Promise((resolve) => setImmediate(resolve));
    return [task.state, task.cancelled()];
  });
  assert.deepEqual([ran, state], [false, ["cancelled", true]]);
});

vtest("a task that is spawned and cancelled in one turn never starts", async () => {
  let ran = false;
  await group((g) => {
    g.spawn(() => void (ran = true)).cancel();
  });
  assert.equal(ran, false);
});

vtest("spawning into a group that has ended throws", async () => {
  let leaked: TaskGroup | undefined;
  await group((g) => void (leaked = g));
  assert.throws(() => leaked!.spawn(sleep, 1), StateError);
});

vtest("a cancelled child does not cancel its siblings or the group", async (clock) => {
  const value = await group(async (g) => {
    const child = g.spawn(sleep, 100);
    const other = g.spawn(() => sleep(2).then(() => "other"));
    await sleep(1);
    child.cancel();
    return [await other];
  });
  assert.deepEqual([value, clock.now()], [["other"], 2]);
});

vtest("awaiting a cancelled child is a failure of the waiter", async () => {
  const error = await errorOf(
    group(async (g) => {
      const child = g.spawn(sleep, 100);
      child.cancel();
      await child;
    }),
  );
  assert.ok(error instanceof ExceptionGroup);
  assert.ok(error.errors[0] instanceof CancelledError);
  assert.match(error.errors[0].message, /Task "sleep" was cancelled/);
});

vtest("a failing child's error is also what awaiting its task throws", async () => {
  let seen: unknown;
  const errors = await groupErrors(
    group(async (g) => {
      const child = g.spawn(failing("mine"));
      await child.catch((error: unknown) => {
        seen = error;
      });
    }),
  );
  assert.deepEqual([errors, (seen as Error).message], [["mine"], "mine"]);
});

vtest("cancellation from outside passes through a group with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("outside");
  const error = await errorOf(
    group(
      async (g) => {
        g.spawn(sleep, 100);
        g.spawn(async () => controller.abort(reason));
        await sleep(100);
      },
      { signal: controller.signal },
    ),
  );
  assert.equal(error, reason);
});

vtest("a signal that has fired already cancels the group from the start", async () => {
  const reason = new Error("early");
  const error = await errorOf(group(() => sleep(1), { signal: AbortSignal.abort(reason) }));
  assert.equal(error, reason);
});

vtest("a signal without an error as its reason becomes a CancelledError", async () => {
  const error = await errorOf(group(() => sleep(1), { signal: AbortSignal.abort("stop") }));
  assert.ok(error instanceof CancelledError);
  assert.match(error.message, /stop/);
});

vtest("a group leaves no listener on a long-lived signal", async () => {
  const controller = new AbortController();
  let added = 0;
  let removed = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = ((...args: Parameters<typeof add>) => (added++, add(...args))) as typeof add;
  signal.removeEventListener = ((...args: Parameters<typeof remove>) => (
    removed++,
    remove(...args)
  )) as typeof remove;
  for (let i = 0; i < 3; i++) await group(() => sleep(1), { signal });
  assert.deepEqual([added, removed], [3, 3]);
});

vtest("a real error beats the cancellation from above", async () => {
  const errors = await groupErrors(
    timeout(1, () =>
      group(async (g) => {
        g.spawn(async () => {
          try {
            await sleep(5);
          } catch {
            throw new Boom("while unwinding");
          }
        });
      }),
    ),
  );
  assert.deepEqual(errors, ["while unwinding"]);
});

vtest("g.signal reaches calls that take a signal, and fires with the group's reason", async () => {
  let reason: unknown;
  const errors = await groupErrors(
    group((g) => {
      g.spawn(
        () =>
          new Promise<void>((resolve) =>
            g.signal.addEventListener("abort", () => {
              reason = g.signal.reason;
              resolve();
            }),
          ),
      );
      g.spawn(failing("cause"));
    }),
  );
  assert.deepEqual(errors, ["cause"]);
  assert.ok(reason instanceof CancelledError);
  assert.equal((reason.cause as Error).message, "cause");
});

vtest("an AbortError of a platform call counts as cancellation only in a cancelled scope", async () => {
  const abortError = (): DOMException => new DOMException("aborted", "AbortError");
  await group(async (g) => {
    g.cancel();
    throw abortError();
  });
  const errors = await errorOf(
    group(() => {
      throw abortError();
    }),
  );
  assert.ok(errors instanceof ExceptionGroup);
});

vtest("an error caused by the reason counts as cancellation", async () => {
  await group(async (g) => {
    g.cancel();
    await sleep(1).catch((cause: unknown) => {
      throw new Error("wrapped", { cause });
    });
  });
});

vtest("start() waits for started() and gives its value; the child goes on", async (clock) => {
  const log: unknown[] = [];
  await group(async (g) => {
    const port = await g.start<number, void>(async (started) => {
      await sleep(1);
      started(8080);
      await sleep(1);
      log.push(`child ends at ${clock.now()}`);
    });
    log.push(port, clock.now());
  });
  assert.deepEqual(log, [8080, 1, "child ends at 2"]);
});

vtest("start() throws what the child failed with before it was ready", async () => {
  const errors = await groupErrors(
    group(async (g) => {
      await g.start(failing("not ready"));
    }),
  );
  assert.deepEqual(new Set(errors), new Set(["not ready"]));
});

vtest("start() of a child that never says started() is an error", async () => {
  const errors = await groupErrors(group((g) => g.start(async function silent() {})));
  assert.match(errors[0]!, /"silent" ended without having called started/);
});

vtest("await using cancels what still runs, waits, and throws nothing", async (clock) => {
  let cleaned = -1;
  const g = new TaskGroup();
  g.spawn(() => sleep(100).finally(() => (cleaned = clock.now())));
  await sleep(1);
  await g[Symbol.asyncDispose]();
  assert.deepEqual([cleaned, g.size], [1, 0]);
});

vtest("await using after join() keeps the work", async (clock) => {
  const g = new TaskGroup();
  const task = g.spawn(() => sleep(3).then(() => "done"));
  await g.join();
  await g[Symbol.asyncDispose]();
  assert.deepEqual([task.result(), clock.now()], ["done", 3]);
});

vtest("dispose throws the errors of children that failed before", async () => {
  const g = new TaskGroup();
  g.spawn(failing("unseen"));
  await sleep(1);
  assert.deepEqual(await groupErrors(g[Symbol.asyncDispose]()), ["unseen"]);
});

vtest("join() throws the children's errors once", async () => {
  const g = new TaskGroup();
  g.spawn(failing("seen"));
  assert.deepEqual(await groupErrors(g.join()), ["seen"]);
  await g[Symbol.asyncDispose]();
});

vtest("join() gives up by timeout and the children go on", async (clock) => {
  const g = new TaskGroup();
  const task = g.spawn(() => sleep(5).then(() => 1));
  assert.equal((await errorOf(g.join({ timeout: 2 }))).code, "TIMEOUT");
  assert.equal(clock.now(), 2);
  await g.join();
  assert.equal(task.result(), 1);
  await g[Symbol.asyncDispose]();
});

vtest("disposing twice, or an empty group, does nothing", async () => {
  const g = new TaskGroup();
  await g[Symbol.asyncDispose]();
  await g[Symbol.asyncDispose]();
});

vtest("size counts live children", async () => {
  const sizes = await group(async (g) => {
    const before = g.size;
    const task = g.spawn(sleep, 1);
    const during = g.size;
    await task;
    return [before, during, g.size];
  });
  assert.deepEqual(sizes, [0, 1, 0]);
});

vtest("a non-function is refused where it is given, with the parameter's name", async () => {
  await group((g) => {
    assert.throws(() => g.spawn(Promise.resolve(1) as never), /`fn` must be a function/);
  });
  assert.ok((await errorOf(group(3 as never))) instanceof ArgumentError);
});

vtest("createTask names the child; the default is the function's name", async () => {
  const names = await group(async (g) => [
    g.createTask(() => sleep(0), { name: "named" }).name,
    g.spawn(async function fetchPage() {}).name,
  ]);
  assert.deepEqual(names, ["named", "fetchPage"]);
});

vtest("inside a child, currentTask() is the child; in the body it is the surrounding task", async () => {
  await group(async (g) => {
    assert.equal(currentTask(), undefined);
    const child = g.spawn(async () => [currentTask()?.name, await sleep(1), currentTask()?.name]);
    Object.defineProperty(child, "tag", { value: 1 });
    assert.deepEqual((await child)[0], (await child)[2]);
  });
});

vtest("a group in a cancelled scope runs its body up to the first wait", async () => {
  const log: string[] = [];
  await group(async (g) => {
    g.cancel();
    await group(async () => {
      log.push("body");
      await sleep(1);
      log.push("never");
    });
  });
  assert.deepEqual(log, ["body"]);
});

vtest("an interrupted inner group hands the outer group's reason on, unwrapped", async () => {
  let seen: unknown;
  await group(async (g) => {
    const child = g.spawn(async () => {
      try {
        await group((inner) => void inner.spawn(sleep, 100));
      } catch (error) {
        seen = error;
        throw error;
      }
    });
    await sleep(1);
    g.cancel(new CancelledError("outer reason"));
    await sleep(1).catch(() => child.state);
  });
  assert.equal((seen as Error).message, "outer reason");
});

vtest("children of an inner group end before the outer group does", async () => {
  const log: string[] = [];
  await groupErrors(
    group((outer) => {
      outer.spawn(async () => {
        await group((inner) => {
          for (const name of ["a", "b"]) inner.spawn(() => sleep(10).finally(() => log.push(name)));
        }).finally(() => log.push("inner"));
      });
      outer.spawn(async () => {
        await sleep(1);
        throw new Boom("x");
      });
    }).finally(() => log.push("outer")),
  );
  assert.deepEqual(log, ["a", "b", "inner", "outer"]);
});

vtest("work that ignores the cancellation is named after some seconds", async (clock) => {
  let release = (): void => {};
  const warnings = await warningsDuring(async () => {
    const done = groupErrors(
      group((g) => {
        g.createTask(() => new Promise<void>((resolve) => (release = resolve)), { name: "deaf" });
        g.spawn(failing("x"));
      }),
    );
    await sleep(6);
    assert.ok(clock.now() >= 6);
    release();
    assert.deepEqual(await done, ["x"]);
  });
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /SpoolStalledWarning: Group "group" was cancelled 5 s ago.*task "deaf".*group\.test/,
  );
});

vtest("a group that unwinds in time is not named", async () => {
  const warnings = await warningsDuring(async () => {
    await groupErrors(
      group((g) => {
        g.spawn(failing("x"));
        g.spawn(sleep, 100);
      }),
    );
    await sleep(20);
  });
  assert.deepEqual(warnings, []);
});

vtest("many failures at once are all reported", async () => {
  const errors = await groupErrors(
    group((g) => {
      for (let i = 0; i < 5; i++) g.spawn(failing(`e${i}`));
    }),
  );
  assert.deepEqual(errors[0], "e0");
});

vtest("TaskGroup.run is group as a static method", async () => {
  const [task] = await TaskGroup.run(async (g) => [g.spawn(async () => 4)]);
  assert.equal(task!.result(), 4);
});

vtest("a chain of 2,000 nested groups is cancelled without overflowing the stack", async (clock) => {
  let innermost = false;
  const nest = (depth: number): Promise<void> =>
    group(async () => {
      await Promise.resolve();
      if (depth > 0) return nest(depth - 1);
      await sleep(1000).finally(() => (innermost = true));
    });
  await group(async (g) => {
    g.spawn(nest, 2000);
    await sleep(1);
    g.cancel();
  });
  assert.deepEqual([innermost, clock.now()], [true, 1]);
});
