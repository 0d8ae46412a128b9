import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type MemoryProfile, type Moment, allocationsAt, attachMemory, startMemory } from "spool/profile";
import { NodeTarget } from "../support/node-target.ts";

const KEPT = 50 * 1_048_576;
const GROWN = 100 * 13_107 * 8;
const BUFFERS = 30 * 1_048_576;
const FINE = { interval: 8192 };

function bytesUnder(profile: MemoryProfile, moment: Moment, name: string): number {
  return allocationsAt(profile, moment)
    .filter(({ stack }) => stack.some((frame) => frame.name === name))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

function assertNear(found: number, truth: number, what: string): void {
  assert.ok(Math.abs(found - truth) / truth < 0.05, `${what}: ${found} bytes, truth ${truth}`);
}

async function command(target: NodeTarget, name: string): Promise<void> {
  target.child.stdin!.write(`${name}\n`);
  await target.line(name);
}

/** Threads and descriptors of a process; they come and go for a moment after a visit. */
function traces(pid: number): string {
  const threads = readdirSync(`/proc/${pid}/task`).length;
  const sockets = readdirSync(`/proc/${pid}/fd`).length;
  const caught = /SigCgt:\s*(\S+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1];
  return `${threads} threads, ${sockets} descriptors, signals ${caught}`;
}

/** What is left once the threads and sockets of the visit before are gone: the same for half a second. */
async function settled(pid: number): Promise<string> {
  let last = traces(pid);
  for (let same = 0, i = 0; same < 50 && i < 1000; i++) {
    await sleep(10);
    const now = traces(pid);
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

describe("recording a running process", { skip: process.platform !== "linux" }, () => {
  test("finds what it keeps, what grows, and what lies off the heap", async () => {
    const target = await NodeTarget.start("memory-server.cjs");
    try {
      const recording = await startMemory(target.pid, { ...FINE, offHeap: true });
      await command(target, "allocKept");
      await command(target, "allocBuffers");
      await command(target, "grow");
      const middle = await recording.look();
      assertNear(bytesUnder(middle, "end", "allocKept"), KEPT, "kept");
      assertNear(bytesUnder(middle, "end", "allocBuffers"), BUFFERS, "off the heap");
      await command(target, "grow");
      const profile = await recording.stop();
      assertNear(bytesUnder(profile, "end", "grow"), 2 * GROWN, "grown");
      assert.equal(profile.counts, "live");
    } finally {
      await target.stop();
    }
  });

  test("leaves the process as it was", async () => {
    const target = await NodeTarget.start("memory-server.cjs");
    try {
      // The first signal starts threads that Node keeps; they are not ours to judge.
      await (await startMemory(target.pid, { offHeap: true })).stop();
      const before = await settled(target.pid);
      await (await startMemory(target.pid, { offHeap: true })).stop();
      for (let i = 0; i < 500 && traces(target.pid) !== before; i++) await sleep(10);
      assert.equal(traces(target.pid), before);
      // V8 allows one sampling at a time, so a recording that was left running would refuse this one.
      await (await startMemory(target.pid)).stop();
    } finally {
      await target.stop();
    }
  });

  test("has the state at the exit of a process that ends", async () => {
    const target = await NodeTarget.start("memory-server.cjs");
    try {
      const recording = startMemory(target.pid, FINE);
      const begun = await recording;
      await command(target, "allocKept");
      target.child.stdin!.write("exit\n");
      await begun.ended;
      assertNear(bytesUnder(await begun.stop(), "end", "allocKept"), KEPT, "kept");
    } finally {
      await target.stop();
    }
  });

  test("follows child processes, also those that start meanwhile", async () => {
    const target = await NodeTarget.start("memory-server.cjs");
    try {
      const recording = await startMemory(target.pid, { ...FINE, subprocesses: true });
      await command(target, "forkChild");
      const inChild = (profile: MemoryProfile): number => bytesUnder(profile, "end", "allocInChild");
      let profile = await recording.look();
      // The child allocates a little every few milliseconds until somebody has seen it.
      for (let i = 0; i < 200 && inChild(profile) === 0; i++) {
        await sleep(50);
        profile = await recording.look();
      }
      profile = await recording.stop();
      assert.ok(inChild(profile) > 0);
      assert.equal(new Set(profile.threads.map((t) => t.pid)).size, 2);
    } finally {
      await target.stop();
    }
  });

  test("ends when the signal aborts or the time is over", async () => {
    const target = await NodeTarget.start("memory-server.cjs");
    try {
      const control = new AbortController();
      const recording = attachMemory(target.pid, { signal: control.signal });
      control.abort();
      assert.equal((await recording).threads.length, 1);
      assert.ok((await attachMemory(target.pid, { duration: 0.1 })).duration > 0);
    } finally {
      await target.stop();
    }
  });
});
