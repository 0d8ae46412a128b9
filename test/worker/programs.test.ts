import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const program = (name: string): string[] => [
  "-C",
  "spool-source",
  join(import.meta.dirname, "programs", `${name}.ts`),
];
const LIMIT = { timeout: 120_000 };

test("the first file that anyone writes works as it is", async () => {
  const { stdout } = await run(process.execPath, program("first"), LIMIT);
  assert.equal(stdout, "3\n6\n9\n3\n6\n9\n");
});

test("a program ends by itself when its pools are idle, never with work undone, without closing them", async () => {
  const { stdout } = await run(process.execPath, program("exit"), LIMIT);
  assert.equal(stdout, "done\ndone\n");
});

test("idle pools use no CPU and do not hold their program", async () => {
  const { stdout } = await run(process.execPath, program("idle"), LIMIT);
  const { quiet, program: threads, workers } = JSON.parse(stdout) as Record<string, number>;
  // One worker that spins, or polls without pause, uses all of the quiet time; collections and the like use little.
  assert.ok(threads! < quiet! / 4, `${threads} s of CPU in a program with idle threads, in ${quiet} s`);
  assert.ok(workers! < quiet! / 4, `${workers} s of CPU in idle processes, in ${quiet} s`);
});

test("the output of a busy worker is not lost", async () => {
  const { stdout } = await run(process.execPath, program("busy-output"), LIMIT);
  assert.match(stdout, /from a busy worker/);
});

for (const kind of ["threads", "processes", "thread", "process"]) {
  test(`a program that its own worker loads is refused work there: ${kind}`, async () => {
    const ended = run(process.execPath, [...program("loads-itself"), kind], LIMIT);
    const { stdout, stderr } = await ended.catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    assert.match(stderr, /StateError: This module was loaded in a worker/);
    // The second time is that of the worker; a pool asks twice, since the module might have to come by value.
    assert.match(stdout, /^(begins\n){2,3}$/);
  });
}

test("process workers end with their parent, however it dies, idle or busy", async () => {
  const child = spawn(process.execPath, program("orphan"), { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await new Promise((resolve) => lines.once("line", (text) => resolve([text])))) as [string];
  const pids = JSON.parse(line) as number[];
  assert.ok(pids.every(alive));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("close", resolve));
  while (pids.some(alive)) await new Promise((resolve) => setImmediate(resolve));
});

/** A zombie that nobody has reaped yet is dead. */
function alive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(stat, "utf8"));
  } catch {
    return false;
  }
}
