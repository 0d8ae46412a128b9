import { readFileSync } from "node:fs";
import { ProfilerError, UnsupportedError } from "../../core/index.ts";

export function requirePlatform(): void {
  if (process.platform === "linux" && process.arch === "x64") return;
  throw new UnsupportedError(
    `the external engine needs Linux on x64, this is ${process.platform} on ${process.arch}; ` +
      "the inspector engine (without --external) works here",
  );
}

/** A thread has one tracer at most. */
export function tracedBy(pid: number, thread: number, cause: unknown): ProfilerError | undefined {
  const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
  const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(status)?.[1]);
  if (!(tracer > 0)) return undefined;
  return new ProfilerError(
    `process ${pid} is under a debugger or tracer (process ${tracer}), and a thread has one at most: end that first, ` +
      "or attach without --external",
    { code: "PROFILER_TRACED", cause },
  );
}

export function denied(pid: number, cause: unknown): ProfilerError {
  return new ProfilerError(
    `process ${pid} may not be read by user ${process.getuid?.()}: run as the same user or as root, in a container ` +
      "with `--cap-add SYS_PTRACE`, or set /proc/sys/kernel/yama/ptrace_scope to 0",
    { code: "PROFILER_NOT_PERMITTED", cause },
  );
}
