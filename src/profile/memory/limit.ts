import { MemoryLimitError, requireFunction } from "../../core/index.ts";
import { labelOf } from "../reporters/label.ts";
import { formatBytes, parseBytes } from "./format.ts";
import { Tracker } from "./tracker.ts";
import { type Allocation, type Moment, allocationsAt, memoryRows, totalBytes } from "./views.ts";

export interface LimitOptions {
  /** Bytes between two samples (default 16 KiB): the answer is within a few percent for ten times as much and more. */
  readonly interval?: number;
}

const INTERVAL = 16 * 1024;
const LISTED = 5;

/**
 * Makes a test body fail when it has more than `limit` ("24 MB", "16 MiB", or bytes) alive at once, counting what it
 * allocated itself, in V8's heap and in Buffers. Works as the body of a test of node:test, vitest or any other runner.
 * Python: `pytest.mark.limit_memory`.
 *
 *     test("parses in little memory", limitMemory("24 MB", async () => { ... }));
 *
 * Throws MemoryLimitError with the functions that held most. A peak that lasts under some ten milliseconds can be
 * missed; in a worker thread only the state at the end counts.
 */
export function limitMemory<A extends unknown[], R>(
  limit: string | number,
  body: (...args: A) => R,
  options: LimitOptions = {},
): (...args: A) => Promise<Awaited<R>> {
  return guarded("peak", limit, body, options);
}

/**
 * Makes a test body fail when more than `limit` of what it allocated is still alive after it. Python:
 * `pytest.mark.limit_leaks`.
 */
export function limitLeaks<A extends unknown[], R>(
  limit: string | number,
  body: (...args: A) => R,
  options: LimitOptions = {},
): (...args: A) => Promise<Awaited<R>> {
  return guarded("end", limit, body, options);
}

function guarded<A extends unknown[], R>(
  moment: Moment,
  limit: string | number,
  body: (...args: A) => R,
  options: LimitOptions,
): (...args: A) => Promise<Awaited<R>> {
  const most = parseBytes("limit", limit);
  requireFunction("body", body);
  return async (...args): Promise<Awaited<R>> => {
    const tracker = await Tracker.ready({
      interval: options.interval ?? INTERVAL,
      peaks: moment === "peak",
      closely: true,
    });
    try {
      const result: Awaited<R> = await body(...args);
      check(allocationsAt(tracker.stop(), moment), most, moment);
      return result;
    } finally {
      tracker.stop();
    }
  };
}

function check(allocations: readonly Allocation[], limit: number, moment: Moment): void {
  const used = totalBytes(allocations);
  if (used <= limit) return;
  const rows = memoryRows(allocations)
    .filter((row) => row.own > 0)
    .slice(0, LISTED)
    .map((row) => `  ${formatBytes(row.own).padStart(9)}  ${labelOf(row.frame)}`);
  const what = moment === "peak" ? "had about" : "left about";
  const when = moment === "peak" ? "alive at once" : "alive behind it";
  throw new MemoryLimitError(
    `the test ${what} ${formatBytes(used)} ${when}, ${formatBytes(limit)} are allowed; allocated by\n${rows.join("\n")}`,
  );
}
