import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProfilerError } from "../../core/index.ts";
import { isAlive } from "../../profile/index.ts";

/**
 * Which `spool mem attach` records which process: a file named after the target that holds the recorder's PID, in a
 * folder that only this user can write to.
 */
function folder(): string {
  return join(tmpdir(), `spool-mem-${process.getuid?.() ?? "user"}`);
}

/** Registers this process as the recorder of `pid`; call the result when done. */
export function register(pid: number): () => void {
  const other = recorderOf(pid);
  if (other !== undefined)
    throw new ProfilerError(
      `process ${pid} is being recorded by process ${other}; \`spool mem detach ${pid}\` ends that`,
    );
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  const path = join(folder(), String(pid));
  writeFileSync(path, String(process.pid), { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** The living recorder of a process. */
export function recorderOf(pid: number): number | undefined {
  try {
    const recorder = Number(readFileSync(join(folder(), String(pid)), "utf8"));
    return isAlive(recorder) && readFileSync(`/proc/${recorder}/cmdline`, "utf8").includes("mem")
      ? recorder
      : undefined;
  } catch {
    return undefined;
  }
}
