import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { describe, test } from "node:test";
import {
  activeChildren,
  currentProcess,
  Event,
  getContext,
  getStartMethod,
  Lock,
  parentProcess,
  Pipe,
  Process,
  Queue,
  setStartMethod,
  Value,
  wait,
} from "spool/multiprocessing";

describe("Process", () => {
  test("runs a function with its arguments and captured primitives, and ends with code 0", async () => {
    const queue = new Queue<unknown>();
    const child = new Process({
      target: (a: number, b: string) => queue.put([a, b, process.pid]),
      args: [1, "x"],
    });
    assert.equal(child.pid, null);
    assert.equal(child.exitCode, null);
    child.start();
    assert.ok(child.isAlive());
    assert.deepEqual(activeChildren(), [child]);
    assert.deepEqual(await queue.get(), [1, "x", child.pid]);
    await child.join();
    assert.equal(child.exitCode, 0);
    assert.equal(child.isAlive(), false);
    assert.deepEqual(activeChildren(), []);
    child.close();
    assert.throws(() => child.isAlive(), { code: "INVALID_STATE" });
  });

  test("primitives as arguments", async () => {
    const lock = new Lock();
    const total = new Value("i", 0);
    const children = [1, 2].map(
      (step) =>
        new Process({
          target: (guard: Lock, sum: Value<"i">, by: number) => {
            for (let i = 0; i < 500; i++) guard.withSync(() => (sum.value += by));
          },
          args: [lock, total, step],
        }),
    );
    for (const child of children) child.start();
    await Promise.all(children.map((child) => child.join()));
    assert.equal(total.value, 1500);
  });

  test("the name is what ps shows", async () => {
    const [up, down] = [new Event(), new Event()];
    const target = async (): Promise<void> => {
      up.set();
      await down.wait();
    };
    const child = new Process({ name: "counting-sheep", target });
    child.start();
    await up.wait();
    assert.match(
      execFileSync("ps", ["-o", "args=", "-p", String(child.pid)], { encoding: "utf8" }),
      /counting-sheep/,
    );
    down.set();
    await child.join();
  });

  for (const [call, signal] of [
    ["terminate", "SIGTERM"],
    ["kill", "SIGKILL"],
  ] as const) {
    test(`${call} ends a busy loop with the negative number of the signal`, async () => {
      const up = new Event();
      const target = (): void => {
        up.set();
        for (;;);
      };
      const child = new Process({ target });
      child.start();
      await up.wait();
      child[call]();
      await child.join();
      assert.equal(child.exitCode, -constants.signals[signal]);
    });
  }

  test("process.exit inside gives the code", async () => {
    const child = new Process({ target: () => process.exit(7) });
    child.start();
    await child.join();
    assert.equal(child.exitCode, 7);
  });

  test("an error is printed with its stack, and the code is 1", () => {
    const program = `
      import { Process } from "spool/multiprocessing";
      const child = new Process({ name: "failing", target: function work() { throw new RangeError("too far"); } });
      child.start();
      await child.join();
      console.log(child.exitCode);
    `;
    const { stdout, stderr } = run(program);
    assert.equal(stdout, "1\n");
    assert.match(stderr, /Process failing:\nRangeError: too far\n +at (Process\.)?work/);
  });

  test("join gives up after its timeout and by its signal", async () => {
    const down = new Event();
    const child = new Process({ target: () => down.wait() });
    child.start();
    await child.join({ timeout: 0.01 });
    assert.ok(child.isAlive());
    await assert.rejects(child.join({ signal: AbortSignal.timeout(10) }));
    assert.throws(() => child.close(), { code: "INVALID_STATE" });
    down.set();
    await child.join();
  });

  test("sentinel and connections can be waited for together", async () => {
    const [here, there] = Pipe();
    const child = new Process({
      target: async (end: typeof there) => {
        await end.send("hello");
        await end.recv();
      },
      args: [there],
    });
    child.start();
    const { sentinel } = child;
    assert.deepEqual(await wait<any>([here, sentinel]), [here]);
    assert.equal(await here.recv(), "hello");
    await here.send("bye");
    assert.deepEqual(await wait<any>([sentinel]), [sentinel]);
    here.close();
    there.close();
    await child.join();
  });

  test("a child knows who it is and who started it", async () => {
    const queue = new Queue<any>();
    const target = async (): Promise<void> => {
      const mp = await import("spool/multiprocessing");
      await queue.put([mp.currentProcess().name, mp.parentProcess(), [...mp.currentProcess().authkey]]);
    };
    const child = new Process({ name: "me", target });
    child.start();
    const [name, parent, key] = await queue.get();
    assert.equal(name, "me");
    assert.deepEqual(parent, { name: "MainProcess", pid: process.pid });
    assert.deepEqual(key, [...currentProcess().authkey]);
    assert.equal(parentProcess(), null);
    await child.join();
  });

  test("start twice and calls before the start are errors", async () => {
    const child = new Process({ target: () => {} });
    await assert.rejects(child.join(), { code: "INVALID_STATE" });
    assert.throws(() => child.kill(), { code: "INVALID_STATE" });
    child.start();
    assert.throws(() => child.start(), { code: "INVALID_STATE" });
    await child.join();
  });

  test("children end when their parent is killed, busy or not", async () => {
    const program = `
      import { Event, Process } from "spool/multiprocessing";
      const ready = new Event();
      const busy = new Process({ target: () => { ready.set(); for (;;); } });
      const idle = new Process({ target: () => new Promise((r) => setTimeout(r, 1e6)) });
      busy.start();
      idle.start();
      await ready.wait();
      await new Promise((r) => setTimeout(r, 400));
      console.log(busy.pid, idle.pid);
      process.kill(process.pid, "SIGKILL");
    `;
    const { stdout } = run(program);
    const pids = stdout.trim().split(" ").map(Number);
    assert.equal(pids.length, 2);
    for (let tries = 0; tries < 500 && pids.some(alive); tries++) await new Promise((r) => setTimeout(r, 10));
    assert.deepEqual(pids.filter(alive), []);
  });

  test("a daemon does not keep the program alive and ends with it; a process that is none does", () => {
    const program = (daemon: boolean): string => `
      import { Event, Process } from "spool/multiprocessing";
      const up = new Event();
      const target = async () => { up.set(); await new Promise((r) => setTimeout(r, ${daemon ? 1e6 : 50})); console.log("child done"); };
      new Process({ daemon: ${daemon}, target }).start();
      await up.wait();
      console.log("main done");
    `;
    assert.equal(run(program(true)).stdout, "main done\n");
    assert.equal(run(program(false)).stdout, "main done\nchild done\n");
  });
});

function run(program: string): { stdout: string; stderr: string } {
  const args = ["-C", "spool-source", "--input-type=module", "--eval", program];
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
  return { stdout, stderr };
}

function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("contexts and subclasses", () => {
  test("there is one context, and an error that names the way out for the others", async () => {
    const context = getContext("spawn");
    assert.equal(context, getContext());
    assert.equal(context.getContext().getStartMethod(), "spawn");
    const queue = new context.Queue<number>(1);
    const child = new context.Process({ target: (n: number) => queue.put(n), args: [7] });
    child.start();
    assert.equal(await queue.get(), 7);
    await child.join();
    setStartMethod("spawn");
    assert.equal(getStartMethod(), "spawn");
    for (const method of ["fork", "forkserver"] as const) {
      assert.throws(() => getContext(method as "spawn"), { code: "UNSUPPORTED", message: /"spawn".*Pool/s });
      assert.throws(() => setStartMethod(method as "spawn"), { code: "UNSUPPORTED" });
    }
    assert.throws(() => getContext("magic" as "spawn"), { code: "INVALID_ARGUMENT" });
  });

  test("a subclass may override run, and inherit it", async () => {
    class Multiplier extends Process {
      readonly products = new Queue<unknown>();
      factor = 1;
      multiply(n: number): number {
        return n * this.factor;
      }
      override async run(): Promise<void> {
        await this.products.put([this.multiply(7), process.pid]);
      }
    }
    class Tripler extends Multiplier {
      override multiply(n: number): number {
        return n * 3 * this.factor;
      }
    }
    const child = new Tripler({ name: "tripler" });
    child.factor = 2;
    child.start();
    assert.deepEqual(await child.products.get(), [42, child.pid]);
    await child.join();
    assert.equal(child.exitCode, 0);
  });
});
