import "../support/leaks.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type MemoryProfile,
  Tracker,
  allocationsAt,
  limitLeaks,
  limitMemory,
  memoryDiff,
  memoryRows,
  parseBytes,
  readMemoryProfile,
} from "spool/profile";

const MEGABYTE = 1_048_576;
const held: unknown[] = [];

function hold(megabytes: number): void {
  for (let i = 0; i < megabytes; i++) held.push(new Array(131_072).fill(null));
}

function holdBuffers(megabytes: number): void {
  for (let i = 0; i < megabytes; i++) held.push(new Uint8Array(MEGABYTE));
}

/** Holds memory until a helper has had the time to see it, then lets it go. */
function holdForAMoment(megabytes: number): number {
  const here = Array.from({ length: megabytes }, () => new Array(131_072).fill(null));
  const until = performance.now() + 250;
  while (performance.now() < until);
  return here.length;
}

function bytesOf(profile: MemoryProfile, name: string): number {
  const rows = memoryRows(allocationsAt(profile, "end"));
  return rows.find((row) => row.frame.name === name)?.own ?? 0;
}

function near(found: number, truth: number): boolean {
  return Math.abs(found - truth) / truth < 0.05;
}

describe("Tracker", () => {
  test("knows where memory comes from that a module built whose functions are gone", () => {
    const load = createRequire(import.meta.url);
    const { prototype } = Module as unknown as { prototype: { _compile: unknown } };
    const before = prototype._compile;
    const tracker = new Tracker({ peaks: false, interval: 8192 });
    held.push(load("../programs/memory-forgotten.cjs"));
    // Twice: the first collection may find the module's functions still in V8's caches.
    tracker.snapshot();
    tracker.snapshot();
    const rows = memoryRows(allocationsAt(tracker.stop(), "end"));
    assert.equal(prototype._compile, before);
    const lines = rows
      .filter(({ frame }) => frame.url.endsWith("/memory-forgotten.cjs") && frame.kind === "js")
      .filter(({ own }) => own > 3 * MEGABYTE)
      .map(({ frame }) => `${frame.name}:${frame.line}`);
    assert.deepEqual(lines.sort(), ["(anonymous):1", "Table:8", "build:13"]);
  });

  test("leaves a loader that was wrapped after it working", () => {
    const load = createRequire(import.meta.url);
    const { prototype } = Module as unknown as { prototype: { _compile: (...args: string[]) => unknown } };
    const before = prototype._compile;
    const path = load.resolve("../programs/memory-forgotten.cjs");
    delete load.cache[path];
    const tracker = new Tracker({ peaks: false });
    const inner = prototype._compile;
    prototype._compile = function (...args) {
      return Reflect.apply(inner, this, args);
    };
    try {
      tracker.stop();
      assert.equal((load(path) as unknown[]).length, 12);
    } finally {
      prototype._compile = before;
    }
  });

  test("records this thread's allocations, on and off the heap, into a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "spool-test-"));
    try {
      const file = join(folder, "tracked.json.gz");
      const tracker = new Tracker(file);
      hold(20);
      holdBuffers(5);
      const profile = tracker.stop();
      assert.ok(near(bytesOf(profile, "hold"), 20 * MEGABYTE), `${bytesOf(profile, "hold")}`);
      assert.ok(near(bytesOf(profile, "holdBuffers"), 5 * MEGABYTE), `${bytesOf(profile, "holdBuffers")}`);
      assert.deepEqual(readMemoryProfile(file), JSON.parse(JSON.stringify(profile)));
      assert.equal(tracker.stop(), profile);
    } finally {
      held.length = 0;
      rmSync(folder, { recursive: true });
    }
  });

  test("gives a snapshot without ending, and there is one at a time", () => {
    const tracker = new Tracker({ peaks: false, offHeap: false });
    try {
      hold(5);
      const first = tracker.snapshot();
      hold(5);
      const rows = memoryDiff(allocationsAt(first, "end"), allocationsAt(tracker.snapshot(), "end"));
      assert.equal(rows[0]!.frame.name, "hold");
      assert.ok(near(rows[0]!.after - rows[0]!.before, 5 * MEGABYTE));
      assert.throws(() => new Tracker({ peaks: false }), { code: "INVALID_STATE" });
    } finally {
      held.length = 0;
      tracker[Symbol.dispose]();
    }
  });

  test("puts the constructors back that it wrapped", () => {
    const before = [ArrayBuffer, Uint8Array, Buffer.alloc, Uint8Array.prototype.constructor];
    const tracker = new Tracker({ peaks: false });
    class Derived extends Uint8Array {}
    assert.notEqual(Uint8Array, before[1]);
    assert.ok(new Derived(100) instanceof Derived);
    assert.ok(new Uint8Array(100) instanceof (before[1] as typeof Uint8Array));
    assert.equal(new Uint8Array(100).constructor, Uint8Array);
    assert.equal(Uint8Array.from([1, 2]).length, 2);
    tracker.stop();
    assert.deepEqual([ArrayBuffer, Uint8Array, Buffer.alloc, Uint8Array.prototype.constructor], before);
  });
});

describe("limits in tests", () => {
  test("a peak over the limit fails and names who held it", async () => {
    await assert.rejects(
      limitMemory("10 MB", () => holdForAMoment(20))(),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "MEMORY_LIMIT");
        assert.match(error.message, /allowed[^]*MB {2}/);
        return true;
      },
    );
    assert.equal(await limitMemory("60 MB", () => holdForAMoment(20))(), 20);
  });

  test("what is left over the limit fails; what is let go does not", async () => {
    await assert.rejects(limitLeaks("1 MB", () => hold(5))(), { code: "MEMORY_LIMIT" });
    held.length = 0;
    await limitLeaks("1 MB", async (megabytes: number) => {
      hold(megabytes);
      held.length = 0;
    })(5);
  });

  test("sizes are read with their units", () => {
    assert.equal(parseBytes("limit", "24 MB"), 24_000_000);
    assert.equal(parseBytes("limit", "1.5 MiB"), 1_572_864);
    assert.equal(parseBytes("limit", 4096), 4096);
    assert.throws(() => limitMemory("many", () => {}), { code: "INVALID_ARGUMENT" });
  });
});
