import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";

/** `CHAOS_SECONDS` says how long (default 3), `CHAOS_SEED` where the random numbers begin. */
const SECONDS = process.env["CHAOS_SECONDS"] ?? "3";
const SEED = process.env["CHAOS_SEED"] ?? String(Date.now() % 1e6);

test(
  `nothing hangs, nothing acknowledged is lost, nothing is left behind (seed ${SEED})`,
  { timeout: (Number(SECONDS) + 150) * 1000 },
  async () => {
    const before = new Set(ourSegments());
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...process.execArgv, new URL("programs/chaos.ts", import.meta.url).pathname],
      { env: { ...process.env, NODE_TEST_CONTEXT: "", CHAOS_SECONDS: SECONDS, CHAOS_SEED: SEED } },
    );
    const { pids, ...figures } = JSON.parse(stdout) as { pids: number[]; killed: Record<string, number> };
    assert.ok(figures.killed["process"]! > 0 && figures.killed["thread"]! > 0);
    assert.deepEqual(pids.filter(isChaos), [], "no victim outlived the program");
    // The tracker works when the program has ended.
    const left = (): string[] => ourSegments().filter((name) => !before.has(name));
    for (let looks = 0; left().length > 0 && looks < 100_000; looks++) await new Promise(setImmediate);
    assert.deepEqual(left(), [], "/dev/shm holds nothing of the program");
    console.log(JSON.stringify(figures));
  },
);

function ourSegments(): string[] {
  return readdirSync("/dev/shm").filter((name) => name.startsWith("spool_"));
}

function isChaos(pid: number): boolean {
  const path = `/proc/${pid}/cmdline`;
  try {
    return existsSync(path) && readFileSync(path, "latin1").startsWith("chaos");
  } catch {
    return false;
  }
}
