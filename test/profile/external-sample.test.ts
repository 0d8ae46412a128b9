import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { getPriority } from "node:os";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sample, startRecording } from "spool/profile";
import { processTree, readProcess } from "../../src/profile/attach/proc.ts";
import { sampleExternal } from "../../src/profile/external/index.ts";
import { NodeTarget, nodeLines } from "../support/node-target.ts";

const SUPPORTED = process.platform === "linux" && process.arch === "x64";

interface Share {
  readonly part: number;
  readonly samples: number;
}

/** Records until there are enough samples to tell shares apart, however busy the machine. */
async function shareOf(pid: number, name: string, enough: number): Promise<Share> {
  let [part, samples] = [0, 0];
  for (let round = 0; round < 20 && samples < enough; round++) {
    const profile = await sampleExternal(pid, { rate: 200, duration: 1 });
    for (const { stack } of profile.samples) {
      samples++;
      if (stack.some((frame) => frame.name === name)) part++;
    }
  }
  return { part: (100 * part) / samples, samples };
}

/** True while this process has the memory of another one open. */
function isRead(pid: number): boolean {
  return readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === `/proc/${pid}/mem`;
    } catch {
      return false; // the one that lists them
    }
  });
}

describe("sampling from outside", { skip: !SUPPORTED }, () => {
  for (const [line, node] of nodeLines()) {
    test(`finds the shares of two functions, Node ${line}`, async () => {
      const target = await NodeTarget.start("external-shares.cjs", { node });
      try {
        const { part, samples } = await shareOf(target.pid, "threeQuarters", 200);
        // One standard deviation of 200 samples of 75 % is 3.1 points.
        assert.ok(Math.abs(part - 75) < 13, `threeQuarters has ${part} % of ${samples} samples`);
      } finally {
        await target.stop();
      }
    });
  }

  test("gives a profile whose weights add up to its duration, and says what it cannot see", async () => {
    const target = await NodeTarget.start("external-shares.cjs");
    try {
      const profile = await sampleExternal(target.pid, { rate: 50, duration: 1 });
      assert.equal(profile.engine, "external");
      assert.match(profile.notes.join(), /inlined/);
      const sum = profile.samples.reduce((all, sample) => all + sample.weight, 0);
      assert.ok(sum > 0 && sum <= profile.duration + 2 * profile.interval, `${sum} of ${profile.duration}`);
    } finally {
      await target.stop();
    }
  });

  test("ends with what it saw when the process ends, whose exit stays for its parent to see", async () => {
    // Ended at one moment of the look after the other.
    for (let delay = 0; delay < 6; delay++) {
      const target = await NodeTarget.start("external-workers.cjs");
      const recording = sampleExternal(target.pid, { rate: 1000 });
      await sleep(delay * 5);
      target.child.kill("SIGTERM");
      assert.deepEqual(await target.exited, [null, "SIGTERM"]);
      assert.match((await recording).notes.join(), new RegExp(`process ${target.pid} ended`));
      await target.stop();
    }
  });

  test("does not keep the end of a process from its parent when it is another's child", async () => {
    const target = await NodeTarget.start("external-workers.cjs");
    const sampler = await NodeTarget.start("external-sampler.ts", {
      flags: ["-C", "spool-source"],
      args: [String(target.pid)],
    });
    try {
      target.child.kill("SIGKILL");
      assert.deepEqual(await target.exited, [null, "SIGKILL"]);
      await sampler.line("ended");
    } finally {
      await sampler.stop();
      await target.stop();
    }
  });

  test("gives threads that begin after others have ended numbers of their own", async () => {
    const target = await NodeTarget.start("external-turnover.cjs");
    try {
      const control = new AbortController();
      const recording = sampleExternal(target.pid, { signal: control.signal });
      for (let i = 0; i < 2; i++) {
        // Threads are sought every half second.
        await sleep(700);
        target.child.stdin!.write("next\n");
        await target.line("replaced");
      }
      await sleep(700);
      control.abort();
      const { threads, samples } = await recording;
      const numbers = threads.map(({ thread }) => thread);
      assert.deepEqual(numbers, [...numbers.keys()]);
      assert.ok(numbers.length >= 3, `${numbers.length} threads`);
      for (const number of numbers) assert.ok(samples.some(({ thread }) => thread.thread === number));
    } finally {
      await target.stop();
    }
  });

  test("follows children that start later, also by way of another program", async () => {
    const target = await NodeTarget.start("external-late-child.cjs");
    try {
      const recording = await startRecording(target.pid, { engine: "external", subprocesses: true });
      target.child.stdin!.write("go\n");
      const children = (): number[] => processTree(target.pid).filter((pid) => pid !== target.pid);
      while (!children().some(isRead)) await sleep(20);
      const { threads, samples } = await recording.stop();
      const child = threads.find(({ pid }) => pid !== target.pid);
      assert.equal(child?.process, "external-spin.cjs");
      assert.ok(samples.some(({ thread }) => thread.pid === child.pid));
    } finally {
      await target.stop();
    }
  });

  test("snapshots from outside have the children too, and nothing of what those did before", async () => {
    const target = await NodeTarget.start("external-late-child.cjs");
    try {
      target.child.stdin!.write("go\n");
      const children = (): number[] => processTree(target.pid).filter((pid) => pid !== target.pid);
      // It spins; after half a second of its own time it is looked at.
      while (!children().some((pid) => readProcess(pid).cpu > 0.5)) await sleep(20);
      const snapshots = sample(target.pid, { engine: "external", subprocesses: true, every: 0.1 });
      const { value } = await snapshots.next();
      await snapshots.return();
      assert.ok(value!.cpu < 0.5, `${value!.cpu} processors before it was first seen`);
      const processes = new Set(value!.profile.samples.map(({ thread }) => thread.process));
      assert.ok(processes.has("external-spin.cjs") && processes.has("external-late-child.cjs"));
    } finally {
      await target.stop();
    }
  });

  test("puts the priority of this thread back when the last of several recordings has ended", async () => {
    const target = await NodeTarget.start("external-workers.cjs");
    try {
      const before = getPriority();
      const [first, second] = [new AbortController(), new AbortController()];
      const recordings = [first, second].map(({ signal }) => sampleExternal(target.pid, { signal }));
      first.abort();
      await recordings[0];
      second.abort();
      await recordings[1];
      assert.equal(getPriority(), before);
    } finally {
      await target.stop();
    }
  });

  test("ends when the signal aborts", async () => {
    const target = await NodeTarget.start("external-workers.cjs");
    try {
      const control = new AbortController();
      const recording = sampleExternal(target.pid, { signal: control.signal });
      setImmediate(() => control.abort());
      const profile = await recording;
      assert.equal(profile.threads.length, 3);
    } finally {
      await target.stop();
    }
  });

  test("refuses a rate that is none", async () => {
    await assert.rejects(sampleExternal(process.pid, { rate: 0 }), { code: "INVALID_ARGUMENT" });
  });
});
