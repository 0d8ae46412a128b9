import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ProfilerError } from "../../src/core/index.ts";
import { dumpTarget } from "../../src/profile/external/dump.ts";
import { dumpStacks } from "../../src/profile/external/index.ts";
import type { ThreadStack } from "../../src/profile/model/sample.ts";
import { NodeTarget, nodeLines } from "../support/node-target.ts";

const SUPPORTED = process.platform === "linux" && process.arch === "x64";
const PATIENCE_MS = 10_000;

interface Case {
  readonly title: string;
  readonly program: string;
  /** Thread number -> state and the functions of the program on its stack, innermost first. */
  readonly threads: readonly { state: ThreadStack["state"]; functions: readonly string[] }[];
}

const CASES: readonly Case[] = [
  { title: "an idle process", program: "external-idle.cjs", threads: [{ state: "idle", functions: [] }] },
  {
    title: "an endless loop",
    program: "external-spin.cjs",
    threads: [{ state: "running", functions: ["hotLoop", "outer"] }],
  },
  {
    title: "execSync",
    program: "external-exec-sync.cjs",
    threads: [{ state: "native", functions: ["spawnSync", "spawnSync", "execSync", "callOut"] }],
  },
  {
    title: "Atomics.wait on the main thread",
    program: "external-atomics-wait.cjs",
    threads: [{ state: "native", functions: ["waitHere"] }],
  },
  {
    title: "worker threads",
    program: "external-workers.cjs",
    threads: [
      { state: "idle", functions: [] },
      { state: "running", functions: ["spinInWorker"] },
      { state: "native", functions: ["sleepInWorker"] },
    ],
  },
];

/** The named functions on a stack that belong to the program, or that it called in Node. */
function functionsOf(stack: ThreadStack, wanted: readonly string[]): string[] {
  return stack.frames
    .filter((frame) => frame.kind !== "native")
    .map((frame) => frame.name)
    .filter((name) => wanted.includes(name));
}

function matches(stacks: readonly ThreadStack[], expected: Case["threads"]): boolean {
  return (
    stacks.length === expected.length &&
    expected.every(({ state, functions }, i) => {
      const stack = stacks[i]!;
      return stack.state === state && functionsOf(stack, functions).join() === functions.join();
    })
  );
}

/** Dumps until the program is where it says it is going; it says so a moment before. */
async function dumpUntil(pid: number, expected: Case["threads"]): Promise<ThreadStack[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const stacks = await dumpStacks(pid);
    if (matches(stacks, expected) || performance.now() > deadline) return stacks;
    await sleep(5);
  }
}

/** What a visitor could leave changed in a process. */
function traces(pid: number): Record<string, unknown> {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
  return {
    tracer: field("TracerPid"),
    threads: field("Threads"),
    pendingSignals: [field("SigPnd"), field("ShdPnd")],
    caughtSignals: field("SigCgt"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    stopped: readdirSync(`/proc/${pid}/task`).filter((thread) =>
      /State:\s+[tT]/.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1")),
    ),
  };
}

for (const [line, node] of SUPPORTED ? nodeLines() : []) {
  describe(`a dump from outside, Node ${line}`, () => {
    for (const { title, program, threads } of CASES) {
      test(title, async () => {
        const target = await NodeTarget.start(program, { node });
        try {
          const stacks = await dumpUntil(target.pid, threads);
          assert.ok(matches(stacks, threads), JSON.stringify(stacks, null, 1));
          const before = traces(target.pid);
          await dumpStacks(target.pid);
          assert.deepEqual(traces(target.pid), before);
          assert.equal(before["tracer"], "0");
        } finally {
          await target.stop();
        }
      });
    }
  });
}

describe("a dump from outside", { skip: !SUPPORTED }, () => {
  test("places each function where it is defined", async () => {
    const target = await NodeTarget.start("external-spin.cjs");
    try {
      const [main] = await dumpUntil(target.pid, [{ state: "running", functions: ["hotLoop", "outer"] }]);
      const places = main!.frames.slice(0, 2).map(({ name, url, line, column }) => {
        return `${name} ${url.slice(url.lastIndexOf("/") + 1)}:${line}:${column}`;
      });
      assert.deepEqual(places, ["hotLoop external-spin.cjs:3:17", "outer external-spin.cjs:7:15"]);
    } finally {
      await target.stop();
    }
  });

  test("sees the whole of a long stack, of which it copies a part at first", async () => {
    const target = await NodeTarget.start("external-deep.cjs");
    try {
      const [main] = await dumpUntil(target.pid, [
        { state: "running", functions: Array(2001).fill("deeper") },
      ]);
      assert.equal(main!.frames.filter(({ name }) => name === "deeper").length, 2001);
      assert.match(main!.frames.at(-1)!.url, /^node:/);
    } finally {
      await target.stop();
    }
  });

  test("without koffi sees sleeping threads and says what running ones need", async () => {
    const target = await NodeTarget.start("external-workers.cjs");
    try {
      await dumpUntil(target.pid, CASES.at(-1)!.threads);
      const stacks = dumpTarget(target.pid, undefined);
      const running = stacks.find((s) => s.state === "running");
      assert.match(running?.detail ?? "", /npm install koffi/);
      assert.ok(stacks.some((s) => s.frames.some((f) => f.name === "sleepInWorker")));
    } finally {
      await target.stop();
    }
  });

  test("names the fix for what is not a Node process", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    const ended = once(child, "exit");
    await once(child, "spawn");
    await assert.rejects(dumpStacks(child.pid!), (error: ProfilerError) => {
      assert.ok(error instanceof ProfilerError);
      assert.equal(error.code, "PROFILER_NOT_NODE");
      return true;
    });
    child.kill("SIGKILL");
    await ended;
    await assert.rejects(dumpStacks(child.pid!), { code: "PROFILER_NO_PROCESS" });
  });

  test("names the fix for a process that may not be read", { skip: process.getuid?.() !== 0 }, async () => {
    const target = await NodeTarget.start("external-idle.cjs");
    try {
      const dump = `import { dumpStacks } from "./src/profile/external/index.ts";
        dumpStacks(${target.pid}).catch((error) => console.log(error.code, error.message));`;
      const nobody = 65534;
      const child = spawn(process.execPath, ["--input-type=module", "--eval", dump], {
        uid: nobody,
        gid: nobody,
        env: {},
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.on("data", (text) => (out += String(text)));
      await once(child, "close");
      assert.match(out, /^PROFILER_NOT_PERMITTED .*(another user|--cap-add SYS_PTRACE)/);
    } finally {
      await target.stop();
    }
  });

  test("a PID that is no number is refused at the border", async () => {
    await assert.rejects(dumpStacks(-1), { code: "INVALID_ARGUMENT" });
  });
});
