import type { Profile } from "../model/sample.ts";
import { type RecordingOptions, startRecording } from "./record.ts";

/**
 * Runs `work` and records meanwhile what this program does: its main thread, every worker thread, and every Node
 * process it started. For pools: all workers of all executors in one profile, each in a branch of its own.
 *
 * ```ts
 * await using pool = new ThreadPoolExecutor();
 * const { result, profile } = await profiled(() => Array.fromAsync(pool.map(render, pages)));
 * ```
 *
 * `executor.profile()` records one pool alone. Workers must be running or start within the work; a worker that is terminated meanwhile takes its part with it.
 * Rejects with what `work` rejects with.
 */
export async function profiled<R>(
  work: () => R | Promise<R>,
  options: RecordingOptions = {},
): Promise<{ readonly result: R; readonly profile: Profile }> {
  const recording = await startRecording(process.pid, {
    subprocesses: true,
    recompile: true,
    ...options,
    engine: "inspector",
  });
  try {
    const result = await work();
    return { result, profile: await recording.stop() };
  } finally {
    await recording.stop();
  }
}
