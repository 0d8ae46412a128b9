import "../support/leaks.ts";
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { type MemoryProfile, type Moment, allocationsAt, runMemory } from "spool/profile";
import { nodeLines } from "../support/node-target.ts";

const MEGABYTE = 1_048_576;
/** Fine sampling, so that a hundred objects of 100 kB are known within a fraction of a percent. */
const INTERVAL = 8192;

function program(name: string): string {
  return resolve("test/programs", name);
}

/** Bytes that a function itself allocated. */
function ownBytes(profile: MemoryProfile, moment: Moment, name: string): number {
  return allocationsAt(profile, moment)
    .filter(({ stack }) => stack.at(-1)?.name === name || insideNode(stack, name))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Node's own functions between the program's function and the allocation (`Buffer.alloc`) belong to the former. */
function insideNode(stack: readonly { name: string; kind: string }[], name: string): boolean {
  const nearest = stack.findLast((frame) => frame.kind === "js");
  return nearest?.name === name;
}

function assertWithin5Percent(found: number, truth: number, what: string): void {
  const off = Math.abs(found - truth) / truth;
  assert.ok(off < 0.05, `${what}: ${(found / 1e6).toFixed(1)} MB, truth ${(truth / 1e6).toFixed(1)} MB`);
}

const TRUTH = {
  kept: 100 * MEGABYTE,
  garbage: 50 * MEGABYTE,
  leak: 100 * 13_107 * 8,
  buffers: 30 * MEGABYTE,
  droppedBuffers: 20 * MEGABYTE,
};

for (const [line, node] of nodeLines()) {
  if (!["22", "24"].includes(line)) continue;
  describe(`known allocations, Node ${line}`, () => {
    test("what is alive at the end", async () => {
      const { profile, exitCode } = await runMemory(node, [program("memory-truth.cjs")], {
        interval: INTERVAL,
      });
      assert.equal(exitCode, 0);
      assertWithin5Percent(ownBytes(profile, "end", "allocA"), TRUTH.kept, "kept");
      assertWithin5Percent(ownBytes(profile, "end", "leak"), TRUTH.leak, "leaked");
      assertWithin5Percent(ownBytes(profile, "end", "allocD"), TRUTH.buffers, "off the heap");
      assert.ok(ownBytes(profile, "end", "allocB") < MEGABYTE);
      assert.ok(ownBytes(profile, "end", "allocE") < MEGABYTE);
      assertWithin5Percent(ownBytes(profile, "peak", "allocA"), TRUTH.kept, "kept, at the peak");
    });

    test("all that was allocated", async () => {
      const { profile } = await runMemory(node, [program("memory-truth.cjs")], {
        interval: INTERVAL,
        total: true,
      });
      assertWithin5Percent(ownBytes(profile, "end", "allocA"), TRUTH.kept, "kept");
      assertWithin5Percent(ownBytes(profile, "end", "allocB"), TRUTH.garbage, "let go");
      assertWithin5Percent(ownBytes(profile, "end", "leak"), TRUTH.leak, "leaked");
      assertWithin5Percent(ownBytes(profile, "end", "allocD"), TRUTH.buffers, "off the heap");
      assertWithin5Percent(ownBytes(profile, "end", "allocE"), TRUTH.droppedBuffers, "off the heap, let go");
    });
  });
}

describe("recording a program", () => {
  test("takes in worker threads and child processes", async () => {
    const { profile } = await runMemory(process.execPath, [program("memory-family.cjs")]);
    const holders = [20, 10, 15].map((megabytes) => megabytes * MEGABYTE);
    const found = ["mainKeeps", "workerKeeps", "childKeeps"].map((name) =>
      allocationsAt(profile, "end")
        .filter(({ stack }) => stack.some((frame) => frame.name === name))
        .reduce((sum, { bytes }) => sum + bytes, 0),
    );
    found.forEach((bytes, i) => assertWithin5Percent(bytes, holders[i]!, `holder ${i}`));
    assert.equal(new Set(profile.threads.map((t) => t.pid)).size, 2);
    assert.equal(profile.threads.filter((t) => t.thread !== 0).length, 1);
  });

  test("keeps the last peak of a process that is killed", async () => {
    const { profile, exitSignal } = await runMemory(process.execPath, [program("memory-killed.cjs")]);
    assert.equal(exitSignal, "SIGKILL");
    assert.ok(ownBytes(profile, "end", "keepUntilKilled") > 0);
    assert.match(profile.notes.join(), /last checkpoint stands for the end/);
  });

  test("leaves the program's exit code and says when nothing took part", async () => {
    const script = ["-e", "process.exitCode = 7"];
    assert.equal((await runMemory(process.execPath, script)).exitCode, 7);
    await assert.rejects(runMemory("true"), { code: "PROFILER" });
    await assert.rejects(runMemory("/no/such/program"), { code: "INVALID_ARGUMENT" });
    await assert.rejects(runMemory(process.execPath, script, { interval: 1 }), { code: "INVALID_ARGUMENT" });
  });
});
