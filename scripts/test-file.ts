import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";

export interface FileResult {
  readonly file: string;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Where the file's whole output is. */
  readonly log: string;
}

/** A file that is not done by then hangs: it is ended with everything it started, and counts as failed. */
const DEADLINE_MS = 300_000;

/** The process groups at work, which must not outlive this process. */
const groups = new Set<number>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const group of groups) endGroup(group);
    process.exit(1);
  });
}

/** Runs one test file in a process group of its own. */
export async function runTestFile(file: string, tally: string): Promise<FileResult> {
  const log = `${tally}.log`;
  const out = openSync(log, "w");
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      "--conditions=spool-source",
      "--test-timeout=120000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${resolve("scripts/tally.ts")}`,
      `--test-reporter-destination=${tally}`,
      file,
    ],
    { stdio: ["ignore", out, out], detached: true },
  );
  if (child.pid !== undefined) groups.add(child.pid);
  const deadline = setTimeout(() => {
    writeSync(out, `\nstill running after ${DEADLINE_MS / 1000} s: ended\n`);
    endGroup(child.pid);
  }, DEADLINE_MS);
  const code = await new Promise<number>((done, reject) => {
    child.on("error", reject);
    child.on("exit", (exitCode) => done(exitCode ?? 1));
  });
  clearTimeout(deadline);
  if (child.pid !== undefined) groups.delete(child.pid);
  closeSync(out);
  const text = existsSync(tally) ? readFileSync(tally, "utf8") : "";
  const counts =
    text === "" ? { passed: 0, failed: 0 } : (JSON.parse(text) as { passed: number; failed: number });
  const ok = code === 0 && counts.failed === 0 && counts.passed > 0;
  return { file, ok, ...counts, seconds: (performance.now() - started) / 1000, log };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group ended on its own meanwhile.
  }
}
