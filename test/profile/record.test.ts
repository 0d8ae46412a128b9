import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import {
  type Frame,
  launchRecording,
  type Profile,
  profiled,
  record,
  sample,
  startRecording,
  stalls,
} from "spool/profile";
import { nodeLines } from "../support/node-target.ts";
import { startTarget, type Target } from "../support/target.ts";
import { footprint, settled } from "./footprint.ts";

/** Points of a hundred: at 1000 samples/s for two seconds chance alone makes 1 to 2 (one standard deviation) on a busy machine. */
const TOLERANCE = 6;
/** Of inlined functions only the number of samples is known, not which are whose, so that these are left as calls. */
const NO_INLINING = ["--no-turbo-inlining", "--no-maglev"];

/**
 * An agent's thread takes 15 MB and more while it is there; of several visits nothing may add up but the text that V8
 * compiled for us, 20 kB a time.
 */
const VISITS = 5;

for (const [line, node] of nodeLines()) {
  test(`Node ${line}: shares are right although both functions are inlined into their caller`, async () => {
    const target = await startTarget("shares", { node });
    try {
      const { profile, hot } = await measured(target);
      closeTo(countOf(profile.samples, "hot", "cold"), hot);
      assert.equal(profile.threads.length, 1);
    } finally {
      await target.stop();
    }
  });
}

test("shares are right across three workers, each in a branch of its own", async () => {
  const target = await startTarget("workers", { execArgv: NO_INLINING });
  try {
    const { profile, hot } = await measuredParts(target);
    assert.deepEqual(profile.threads.map((t) => t.name).sort(), ["alpha", "beta", "gamma", "main"]);
    for (const [name, counted] of hot) {
      const own = profile.samples.filter(({ thread }) => thread.name === name);
      closeTo(countOf(own, "hot", "cold"), counted);
    }
  } finally {
    await target.stop();
  }
});

test("shares are right across three child processes, merged into one report", async () => {
  const target = await startTarget("children", { execArgv: NO_INLINING });
  try {
    // Each of them has answered, so each is there to be found.
    while (Object.keys((await target.ask<{ parts: object }>("truth")).parts).length < 3);
    const { profile, hot } = await measuredParts(target, { subprocesses: true });
    const pids = new Set(profile.threads.map(({ pid }) => String(pid)));
    assert.deepEqual([...pids].sort(), [String(target.pid), ...hot.keys()].sort());
    for (const [pid, counted] of hot) {
      const own = profile.samples.filter(({ thread }) => String(thread.pid) === pid);
      closeTo(countOf(own, "hot", "cold"), counted);
    }
  } finally {
    await target.stop();
  }
});

test("the target is as before when a recording is over", async () => {
  const target = await startTarget("workers");
  try {
    while ((await target.ask<{ online: number }>("truth")).online < 3);
    const [before, held] = [footprint(target.pid), await target.ask("held")];
    await record(target.pid, { duration: 0.3, engine: "inspector", timeout: 30 });
    assert.deepEqual(await settled(target.pid, before), before);
    assert.deepEqual(await target.ask("held"), held);
  } finally {
    await target.stop();
  }
});

test("when the recorder is killed, the target undoes by itself what was done to it", async () => {
  const target = await startTarget("workers");
  const hooks = async (): Promise<number[]> => {
    const { parts } = await target.ask<{ parts: Record<string, { exitListeners: number }> }>("truth");
    return Object.values(parts).map(({ exitListeners }) => exitListeners);
  };
  try {
    while ((await hooks()).length < 3);
    const [before, held, unhooked] = [footprint(target.pid), await target.ask("held"), await hooks()];
    const main = resolve(import.meta.dirname, "../../src/cli/main.ts");
    const recorder = spawn(
      process.execPath,
      ["-C", "spool-source", main, "record", "--inspector", "-o", "/dev/null", String(target.pid)],
      { stdio: "ignore" },
    );
    const ended = once(recorder, "exit");
    while ((await hooks()).some((count, i) => count === unhooked[i]));
    recorder.kill("SIGKILL");
    await ended;
    while ((await hooks()).some((count, i) => count !== unhooked[i]));
    assert.deepEqual(await settled(target.pid, before), before);
    assert.deepEqual(await target.ask("held"), held);
  } finally {
    await target.stop();
  }
});

test("being recorded again and again leaves no memory behind", async () => {
  const target = await startTarget("idle", { execArgv: ["--expose-gc"] });
  type Memory = { held: number; resident: number };
  const once = async (): Promise<Memory> => {
    const before = footprint(target.pid);
    await record(target.pid, { duration: 0.05, engine: "inspector", timeout: 30 });
    await settled(target.pid, before);
    return target.ask<Memory>("memory");
  };
  try {
    // The first visits compile what is evaluated there and grow the allocator's arenas.
    await once();
    let before = await once();
    // What V8 does once (it compiles, it grows a table) can fall into any round; what is left behind, into each.
    let least = { held: Infinity, resident: Infinity };
    for (let round = 0; round < 3; round++) {
      let after = before;
      for (let visit = 0; visit < VISITS; visit++) after = await once();
      least = {
        held: Math.min(least.held, after.held - before.held),
        resident: Math.min(least.resident, after.resident - before.resident),
      };
      before = after;
      if (least.held < VISITS * 60_000 && least.resident < VISITS * 4e6) break;
    }
    assert.ok(least.held < VISITS * 60_000, `${VISITS} visits left ${least.held} bytes held`);
    assert.ok(least.resident < VISITS * 4e6, `${VISITS} visits left ${least.resident} bytes resident`);
  } finally {
    await target.stop();
  }
});

test("a target that ends while it is recorded is not held up, and what it did until then is there", async () => {
  const target = await startTarget("idle");
  try {
    const recording = await startRecording(target.pid, { rate: 1000, engine: "inspector", timeout: 30 });
    target.child.send("work and exit");
    await recording.ended;
    assert.equal(await target.exitCode, 7);
    const profile = await recording.stop();
    assert.ok(profile.samples.some(({ stack }) => stack.at(-1)?.name === "hot"));
  } finally {
    await target.stop();
  }
});

test("code that a loader transpiles in memory is shown where it was written", async () => {
  const program = resolve(import.meta.dirname, "../programs/transpiled.cjs");
  const recording = await launchRecording([process.execPath, "--enable-source-maps", program], {
    rate: 1000,
  });
  assert.equal(await recording.exitCode, 0);
  const { samples } = await recording.stop();
  const frame = samples.flatMap(({ stack }) => stack).find(({ name }) => name === "grind");
  assert.ok(frame !== undefined, "the function was seen");
  assert.match(frame.url, /\/test\/programs\/never-on-disk\.ts$/);
  assert.equal(frame.line, 41);
});

for (const [line, node] of nodeLines()) {
  test(`Node ${line}: a launched command is recorded from its first line to its last`, async () => {
    const program = resolve(import.meta.dirname, "../programs/profile-target.cjs");
    const recording = await launchRecording([node, program, "exit"], { rate: 1000 });
    assert.equal(await recording.exitCode, 7);
    const profile = await recording.stop();
    for (const name of ["hot", "cold"])
      assert.ok(
        profile.samples.some(({ stack }) => stack.at(-1)?.name === name),
        name,
      );
    assert.ok(profile.samples.some(({ stack }) => stack.some((f) => f.url.startsWith("node:"))));
    assert.ok(!profile.samples.some(({ stack }) => stack.some((f) => f.url.startsWith("spool:"))));
  });
}

test("stop may be called at once, and twice", async () => {
  const target = await startTarget("idle");
  try {
    const recording = await startRecording(target.pid, { engine: "inspector", timeout: 30 });
    const [first, second] = await Promise.all([recording.stop(), recording.stop()]);
    assert.deepEqual(first.threads, second.threads);
  } finally {
    await target.stop();
  }
});

test("a program that traps SIGUSR1 is recorded from outside", async () => {
  const target = await startTarget("trapped");
  try {
    const notes: string[] = [];
    const profile = await record(target.pid, { duration: 0.5, onNote: (line) => notes.push(line) });
    assert.equal(profile.engine, "external");
    assert.match(notes.join("\n"), /from outside/);
  } finally {
    await target.stop();
  }
});

test("snapshots follow one another and leave nothing behind, in worker threads either", async () => {
  const target = await startTarget("workers");
  try {
    while ((await target.ask<{ online: number }>("truth")).online < 3);
    const before = footprint(target.pid);
    let taken = 0;
    for await (const { profile, cpu, rss, heap } of sample(target.pid, {
      every: 0.3,
      rate: 1000,
      timeout: 30,
    })) {
      assert.ok(profile.samples.length > 0);
      assert.ok(cpu > 0 && rss > 1e6 && heap > 1e5);
      if (++taken === 3) break;
    }
    assert.deepEqual(await settled(target.pid, before), before);
  } finally {
    await target.stop();
  }
});

test("snapshots end when the target does", async () => {
  const target = await startTarget("idle");
  for await (const snapshot of sample(target.pid, { every: 0.1, engine: "inspector", timeout: 30 })) {
    assert.equal(snapshot.profile.engine, "inspector");
    if (target.child.connected) target.child.send("work and exit");
  }
  assert.equal(await target.exitCode, 7);
  await target.stop();
});

test("stalls are blamed on what ran", async () => {
  const target = await startTarget("stalls");
  try {
    const held = await target.ask("held");
    for await (const stall of stalls(target.pid, { over: 0.08, timeout: 30 })) {
      assert.ok(stall.duration >= 0.08, `${stall.duration}`);
      const [worst] = stall.stacks;
      assert.ok(worst!.stack.some((frame) => frame.name === "block"));
      break;
    }
    assert.deepEqual(await target.ask("held"), held);
  } finally {
    await target.stop();
  }
});

interface Counted {
  readonly hot: number;
  readonly cold: number;
}

/** Records two seconds, and what the target itself counted in that time. */
async function measured(target: Target): Promise<{ profile: Profile; hot: number }> {
  const ask = async (): Promise<Counted> => {
    const { calmHot, calmCold } = await target.ask<{ calmHot: number; calmCold: number }>("truth");
    return { hot: calmHot, cold: calmCold };
  };
  const recording = await startRecording(target.pid, { rate: 1000, engine: "inspector", timeout: 30 });
  const before = await ask();
  for (;;) {
    await delay(100);
    const now = await ask();
    const counted = { hot: now.hot - before.hot, cold: now.cold - before.cold };
    if (counted.hot + counted.cold < ENOUGH) continue;
    return { profile: await recording.stop(), hot: percentHot(counted) };
  }
}

interface Truth {
  readonly parts: Readonly<Record<string, { readonly calmHot: number; readonly calmCold: number }>>;
}

/** What each part of a program must have worked while it is recorded, in nanoseconds: a thousand samples. */
const ENOUGH = 1e9;

/**
 * Records a program until each of its three parts (workers by name, children by PID) has counted enough work. Three of
 * them on two processors wait for one half of the time, so what is counted, and compared, is their processor time.
 */
async function measuredParts(
  target: Target,
  options: { subprocesses?: boolean } = {},
): Promise<{ profile: Profile; hot: Map<string, number> }> {
  const ask = async (): Promise<Map<string, Counted>> => {
    const { parts } = await target.ask<Truth>("truth");
    return new Map(Object.entries(parts).map(([name, p]) => [name, { hot: p.calmHot, cold: p.calmCold }]));
  };
  while ((await ask()).size < 3);
  const recording = await startRecording(target.pid, {
    rate: 1000,
    engine: "inspector",
    timeout: 30,
    ...options,
  });
  const before = await ask();
  for (;;) {
    const worked = [...(await ask())].map(([name, { hot, cold }]): [string, Counted] => {
      const since = before.get(name)!;
      return [name, { hot: hot - since.hot, cold: cold - since.cold }];
    });
    if (worked.some(([, { hot, cold }]) => hot + cold < ENOUGH)) continue;
    const hot = new Map(worked.map(([name, counted]) => [name, percentHot(counted)]));
    return { profile: await recording.stop(), hot };
  }
}

/** As `shareOf`, in samples: those are taken of a thread that has a processor. */
function countOf(samples: Profile["samples"], one: string, other: string): number {
  const counted = samples.map((sample) => ({ ...sample, weight: 1 }));
  return shareOf(counted, one, other);
}

function percentHot({ hot, cold }: Counted): number {
  return (100 * hot) / (hot + cold);
}

/** The first function's part, in points of a hundred, of the time of both. */
function shareOf(
  samples: readonly { stack: readonly Frame[]; weight: number }[],
  one: string,
  other: string,
): number {
  const sum = (name: string): number =>
    samples.reduce((total, s) => total + (s.stack.at(-1)?.name === name ? s.weight : 0), 0);
  return (100 * sum(one)) / (sum(one) + sum(other));
}

function closeTo(actual: number, expected: number, tolerance: number = TOLERANCE): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${actual.toFixed(1)} %, but it was ${expected.toFixed(1)} %`,
  );
}

test("a program profiles itself, its worker threads and its processes while work runs", async () => {
  const program = resolve(import.meta.dirname, "../programs/profile-target.cjs");
  const worker = new Worker(program, { name: "own", workerData: "shares", stdout: true });
  const child = await startTarget("shares");
  try {
    await once(worker, "message");
    const { result, profile } = await profiled(() => delay(1000, "done"), { rate: 1000 });
    assert.equal(result, "done");
    const recorded = profile.threads.map((t) => `${t.pid === process.pid ? "here" : "child"} ${t.name}`);
    assert.deepEqual(recorded.sort(), ["child main", "here main", "here own"]);
    await assert.rejects(
      profiled(() => Promise.reject(new Error("the work failed"))),
      /the work failed/,
    );
  } finally {
    await child.stop();
    await worker.terminate();
  }
});
