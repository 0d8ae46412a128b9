import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

/** `CHAOS_SECONDS` says how long (default 3), `CHAOS_SEED` where the random numbers begin. */
const SECONDS = process.env["CHAOS_SECONDS"] ?? "3";
const SEED = process.env["CHAOS_SEED"] ?? String(Date.now() % 1e6);

for (const [memory, variables] of [
  ["in shared memory", {}],
  ["by sockets", { SPOOL_MEMORY: "sockets" }],
] as const)
  test(
    `${memory}, nothing hangs, nothing acknowledged is lost, nothing is left behind (seed ${SEED})`,
    { timeout: (Number(SECONDS) + 150) * 1000 },
    async () => {
      const temporary = mkdtempSync(join(tmpdir(), "chaos-"));
      const { SPOOL_TRACKER: _, ...environment } = process.env;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...process.execArgv, new URL("programs/chaos.ts", import.meta.url).pathname],
        {
          env: {
            ...environment,
            ...variables,
            TMPDIR: temporary,
            NODE_TEST_CONTEXT: "",
            CHAOS_SECONDS: SECONDS,
            CHAOS_SEED: SEED,
          },
        },
      );
      const { pids, ...figures } = JSON.parse(stdout) as { pids: number[]; killed: Record<string, number> };
      assert.ok(figures.killed["process"]! > 0 && figures.killed["thread"]! > 0);
      assert.deepEqual(pids.filter(isChaos), [], "no victim outlived the program");
      // The tracker works when the program has ended.
      const left = (): string[] => [...segmentsOf(new Set(pids)), ...readdirSync(temporary)];
      for (let looks = 0; left().length > 0 && looks < 100_000; looks++) await new Promise(setImmediate);
      assert.deepEqual(
        left(),
        [],
        "/dev/shm and the directory of temporary files hold nothing of the program",
      );
      rmdirSync(temporary);
      console.log(JSON.stringify(figures));
    },
  );

/** The process that made a segment stands in its name. */
function segmentsOf(pids: ReadonlySet<number>): string[] {
  return readdirSync("/dev/shm").filter((name) => pids.has(Number(/^spool_(\d+)_/.exec(name)?.[1])));
}

function isChaos(pid: number): boolean {
  const path = `/proc/${pid}/cmdline`;
  try {
    return existsSync(path) && readFileSync(path, "latin1").startsWith("chaos");
  } catch {
    return false;
  }
}
