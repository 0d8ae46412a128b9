import "../support/leaks.ts";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { type LiveTask, liveListText, liveTasks, liveTreeText } from "spool/profile";

const program = join(import.meta.dirname, "../programs/awaits.mjs");
const lines = readFileSync(program, "utf8").split("\n");
const cli = join(import.meta.dirname, "../../src/cli/main.ts");

/** A port of its own, so that tests side by side do not wait for each other. */
const port = 20_000 + (process.pid % 20_000);

async function running<T>(fn: (pid: number) => Promise<T>): Promise<T> {
  const child: ChildProcess = spawn(process.execPath, [`--inspect-port=${port}`, program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    await once(child.stdout!, "data");
    return await fn(child.pid!);
  } finally {
    child.kill("SIGKILL");
    await once(child, "close");
  }
}

/** `name:line [what it awaits]`, with the line checked against the program's text. */
function shape(task: LiveTask): unknown {
  assert.equal(basename(task.file), "awaits.mjs");
  assert.equal(task.source, lines[task.line - 1]!.trim());
  return [task.name, task.source, task.awaits.map(shape).toSorted()];
}

const pause = ["pause", "await new Promise((resolve) => setTimeout(resolve, 1e6));", []];

test("the await tree of a plain program, with the exact lines", async () => {
  const roots = await running((pid) => liveTasks(pid, { timeout: 30 }));
  const top = roots.find((task) => task.name === "(top level)");
  assert.ok(top !== undefined, liveTreeText(roots));
  assert.deepEqual(shape(top), [
    "(top level)",
    "await main();",
    [
      [
        "run",
        'await Promise.all([download("a"), pause(), consume().then(() => 1)]);',
        [
          ["consume", "for await (const tick of ticks()) void tick;", [["ticks", "await pause();", [pause]]]],
          ["download", "const response = await fetch(url + path);", []],
          pause,
        ],
      ],
    ],
  ]);
  assert.match(liveTreeText(roots), /└─ run \(.*awaits\.mjs:\d+:\d+\) {2}await Promise\.all/);
  assert.match(liveListText(roots), /^FUNCTION +AWAITS AT +SOURCE\n.*top level/);
});

test("a heap above the limit is refused with what it would cost", async () => {
  await running(async (pid) => {
    await assert.rejects(liveTasks(pid, { timeout: 30, heapLimit: 1 }), {
      code: "PROFILER_HEAP_TOO_LARGE",
      message: /heap of \d+ MB; reading it would stop the process for about \d+ s.*--heap-limit/,
    });
  });
});

test("spool pstree and spool ps on the command line", async () => {
  await running(async (pid) => {
    const run = async (...args: string[]): Promise<{ out: string; code: number }> => {
      const child = spawn(process.execPath, ["-C", "spool-source", cli, ...args], { timeout: 60_000 });
      let out = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (out += chunk));
      const [code] = (await once(child, "close")) as [number];
      return { out, code };
    };
    const tree = await run("pstree", String(pid));
    assert.match(tree.out, /\(top level\).*await main\(\);\n└─ run /);
    const wrong = await run("pstree");
    assert.equal(wrong.code, 2);
    assert.match(wrong.out, /give one process id/);
  });
});
