import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sampleExternal } from "../../src/profile/external/index.ts";
import type { Profile } from "../../src/profile/model/sample.ts";
import { NodeTarget } from "../support/node-target.ts";

const SUPPORTED = process.platform === "linux" && process.arch === "x64";

function share(profile: Profile, name: string): number {
  let [all, of] = [0, 0];
  for (const { stack, weight } of profile.samples) {
    all += weight;
    if (stack.some((frame) => frame.name === name)) of += weight;
  }
  return (100 * of) / all;
}

describe("sampling from outside", { skip: !SUPPORTED }, () => {
  test("finds the shares of two functions", async () => {
    const target = await NodeTarget.start("external-shares.cjs");
    try {
      const profile = await sampleExternal(target.pid, { rate: 200, duration: 4 });
      const found = share(profile, "threeQuarters");
      // About 600 samples of 75 %: one standard deviation is 1.8 points.
      assert.ok(Math.abs(found - 75) < 8, `threeQuarters has ${found} %`);
      assert.ok(share(profile, "main") > 98);
      assert.equal(profile.engine, "external");
      assert.match(profile.notes.join(), /inlined/);
      assert.ok(Math.abs(profile.samples.reduce((sum, s) => sum + s.weight, 0) - profile.duration) < 0.5);
    } finally {
      await target.stop();
    }
  });

  test("ends with what it saw when the process ends, whose exit stays for its parent to see", async () => {
    const target = await NodeTarget.start("external-shares.cjs");
    const recording = sampleExternal(target.pid, { rate: 500 });
    setImmediate(() => target.child.kill("SIGTERM"));
    const profile = await recording;
    assert.match(profile.notes.join(), new RegExp(`process ${target.pid} ended`));
    assert.deepEqual(await target.exited, [null, "SIGTERM"]);
    await target.stop();
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
