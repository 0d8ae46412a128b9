import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
  CancelledError,
  ExceptionGroup,
  Runner,
  UnhandledTaskError,
  createTask,
  group,
  run,
  sleep,
  supervisor,
  timeout,
} from "spool/asyncio";
import { StateError } from "spool";
import { Boom, assert, errorOf, failing, groupErrors, vtest } from "./support.ts";

vtest("run gives the main function's value and throws its error", async () => {
  assert.equal(await run(async () => 5), 5);
  assert.equal((await errorOf(run(failing("x")))).message, "x");
});

vtest("run cancels free tasks when the main function ends, and waits for their cleanup", async (clock) => {
  let cleaned = -1;
  await run(async () => {
    createTask(() => sleep(100).finally(() => (cleaned = clock.now())));
    await sleep(1);
  });
  assert.equal(cleaned, 1);
});

vtest("run cancels free tasks also when the main function fails", async () => {
  let cancelled = false;
  await errorOf(
    run(async () => {
      createTask(() => sleep(100).finally(() => (cancelled = true)));
      await sleep(0);
      throw new Boom("x");
    }),
  );
  assert.equal(cancelled, true);
});

vtest("a run inside a scope is cancelled with it", async (clock) => {
  await errorOf(timeout(2, () => run(() => sleep(50))));
  assert.equal(clock.now(), 2);
});

vtest("runs side by side keep their free tasks apart", async (clock) => {
  const short = run(async () => {
    createTask(() => sleep(50));
    await sleep(1);
  });
  const long = run(async () => {
    const task = createTask(() => sleep(5).then(() => "kept"));
    await sleep(2);
    return [await task];
  });
  await short;
  assert.equal(clock.now(), 1);
  assert.deepEqual(await long, ["kept"]);
});

vtest("a Runner keeps free tasks between its main functions", async (clock) => {
  const runner = new Runner();
  const [task] = await runner.run(async () => [createTask(() => sleep(3).then(() => "still there"))]);
  assert.equal(await runner.run(() => task!.join()), "still there");
  await runner.close();
  await runner.close();
  assert.equal(clock.now(), 3);
  assert.ok((await errorOf(runner.run(async () => 1))) instanceof StateError);
});

vtest("a Runner as `await using` closes", async () => {
  const runner = new Runner();
  const [task] = await runner.run(() => [createTask(() => sleep(100))]);
  await runner[Symbol.asyncDispose]();
  assert.equal(task!.cancelled(), true);
});

/** Runs a program of its own, since signals are for whole processes. */
async function program(
  source: string,
  onReady: (pid: number) => void = () => {},
): Promise<{ out: string; err: string; code: number | null; signal: string | null }> {
  const child = spawn(
    process.execPath,
    ["-C", "spool-source", "--input-type=module-typescript", "--eval", source],
    { cwd: new URL("../..", import.meta.url), stdio: ["ignore", "pipe", "pipe"], timeout: 30_000 },
  );
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk));
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk;
    if (String(chunk).includes("ready")) onReady(child.pid!);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { out, err, code, signal };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} becomes cancellation: cleanup runs, run throws Interrupted`, async () => {
    const result = await program(
      `import { Interrupted, run, shield, sleep } from "spool/asyncio";
       try {
         await run(async () => {
           console.log("ready");
           try { await sleep(1000); } finally { await shield(() => sleep(0)); console.log("cleaned up"); }
         });
       } catch (error) {
         console.log(error instanceof Interrupted, error.signal, error.code);
       }`,
      (pid) => process.kill(pid, signal),
    );
    assert.equal(result.out, `ready\ncleaned up\ntrue ${signal} INTERRUPTED\n`);
    assert.equal(result.code, 0);
  });
}

test("a second signal ends the process the hard way", async () => {
  const result = await program(
    `import { currentSignal, run, shield } from "spool/asyncio";
     setInterval(() => {}, 1000);
     await run(() => {
       currentSignal().addEventListener("abort", () => console.log("ready for the second"));
       console.log("ready");
       return shield(() => new Promise(() => {}));
     });`,
    (pid) => process.kill(pid, "SIGINT"),
  );
  assert.deepEqual([result.out, result.signal], ["ready\nready for the second\n", "SIGINT"]);
});

test("run without signals leaves them alone", async () => {
  const result = await program(
    `import { run, sleep } from "spool/asyncio";
     await run(async () => { console.log("ready"); await sleep(1000); }, { signals: false });`,
    (pid) => process.kill(pid, "SIGTERM"),
  );
  assert.equal(result.signal, "SIGTERM");
});

test("an unawaited failure outside every runner comes up before the process ends", async () => {
  const result = await program(
    `import { createTask } from "spool/asyncio";
     createTask(async function lost() { throw new Error("nobody looks"); });`,
  );
  assert.equal(result.code, 1);
  assert.match(result.err, /UnhandledTaskError: Task "lost" \(spawned at .*\) failed.*nobody looks/);
});

test("nothing of the package keeps a finished program alive", async () => {
  const result = await program(
    `import { group, timeout, gather, Queue, sleep } from "spool/asyncio";
     await timeout(1000, () => gather([async () => 1]));
     await group((g) => { g.spawn(async () => 1); });
     console.log("ready");`,
  );
  assert.deepEqual([result.out, result.code], ["ready\n", 0]);
});

vtest("supervisor: a failing child disturbs neither siblings nor body", async (clock) => {
  const errors = await groupErrors(
    supervisor(async (g) => {
      g.spawn(failing("one"));
      g.spawn(() => sleep(2));
      g.spawn(failing("two"));
      await sleep(3);
    }),
  );
  assert.deepEqual([errors, clock.now()], [["one", "two"], 3]);
});

vtest("supervisor: with onError, errors go there and the value comes back", async () => {
  const seen: string[] = [];
  const value = await supervisor(
    async (g) => {
      g.createTask(failing("x"), { name: "worker" });
      await sleep(1);
      return "fine";
    },
    { onError: (error, task) => seen.push(`${task.name}: ${(error as Error).message}`) },
  );
  assert.deepEqual([value, seen], ["fine", ["worker: x"]]);
});

vtest("supervisor: an onError that throws fails the whole group", async (clock) => {
  const errors = await groupErrors(
    supervisor(
      (g) => {
        g.spawn(failing("x"));
        g.spawn(sleep, 100);
      },
      {
        onError: () => {
          throw new Boom("too much");
        },
      },
    ),
  );
  assert.deepEqual([errors, clock.now()], [["too much"], 0]);
});

vtest("supervisor: a failing body cancels the children", async (clock) => {
  await errorOf(
    supervisor((g) => {
      g.spawn(sleep, 100);
      throw new Boom("body");
    }),
  );
  assert.equal(clock.now(), 0);
});

vtest("supervisor: onError may start a replacement", async () => {
  let attempts = 0;
  const worker = async (): Promise<void> => {
    if (++attempts < 3) throw new Boom(`attempt ${attempts}`);
  };
  let restart = (): void => {};
  await supervisor(
    (g) => {
      restart = () => void g.spawn(worker);
      restart();
    },
    { onError: () => restart() },
  );
  assert.equal(attempts, 3);
});

const nested = (): ExceptionGroup =>
  new ExceptionGroup("outer", [
    new Boom("a"),
    new ExceptionGroup("inner", [new TypeError("b"), new Boom("c")]),
    new TypeError("d"),
  ]);

vtest("ExceptionGroup: leaves are all errors, however deep, in order", async () => {
  assert.deepEqual(
    nested().leaves.map((error) => (error as Error).message),
    ["a", "b", "c", "d"],
  );
});

vtest("ExceptionGroup: split by class keeps the nesting on both sides", async () => {
  const [matching, rest] = nested().split(TypeError);
  assert.deepEqual(
    matching!.errors.map((e: Error) => e.message),
    ["inner", "d"],
  );
  assert.deepEqual(
    rest!.errors.map((e: Error) => e.message),
    ["a", "inner"],
  );
  assert.deepEqual(
    rest!.leaves.map((e) => (e as Error).message),
    ["a", "c"],
  );
});

vtest("ExceptionGroup: split by predicate; an empty side is null", async () => {
  assert.equal(nested().split(() => false)[0], null);
  assert.equal(nested().split(() => true)[1], null);
  assert.equal(nested().subgroup((e) => (e as Error).message === "c")!.leaves.length, 1);
});

vtest("ExceptionGroup: is an AggregateError with a code, and inspects with its errors", async () => {
  const group = nested();
  assert.ok(group instanceof AggregateError);
  assert.equal(group.code, "EXCEPTION_GROUP");
  assert.equal(group.name, "ExceptionGroup");
  const { inspect } = await import("node:util");
  assert.match(inspect(group), /ExceptionGroup: outer[\s\S]*a[\s\S]*inner/);
});

vtest("ExceptionGroup: keeps its cause through split", async () => {
  const cause = new Boom("cause");
  const group = new ExceptionGroup("g", [new Boom("x")], { cause });
  assert.equal(group.subgroup(Boom)!.cause, cause);
});

vtest("CancelledError is not an UnhandledTaskError, and a cancelled free task is silent", async () => {
  await run(async () => {
    createTask(() => sleep(9)).cancel();
    await sleep(1);
  });
  assert.notEqual(CancelledError, UnhandledTaskError);
  await group(() => {});
});
