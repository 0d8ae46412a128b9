/**
 * The arithmetic of the comparison, free of measuring. Times in seconds, `n` workers, `tasks` inputs.
 */

/** Crossings may cost this share of the time spent in tasks before a bigger chunk is advised. */
const CROSSING_SHARE = 0.05;

/** The most that one event loop can gain: it is full when its busy share reaches 1. */
export function mostAsyncGain(loopBusy: number): number {
  return loopBusy <= 0 ? Infinity : Math.max(1, 1 / loopBusy);
}

/** What giving a task to one worker costs over calling the function: the two runs differ in nothing else. */
export function crossingCost(oneWorkerWall: number, serialWall: number, tasks: number): number {
  return Math.max(0, (oneWorkerWall - serialWall) / tasks);
}

/** The task time from which `n` workers win although each task crosses and the workers must start; null for n < 2. */
export function breakEvenTask(crossing: number, start: number, tasks: number, n: number): number | null {
  return n < 2 ? null : (crossing + start / tasks) / (1 - 1 / n);
}

/** Inputs per message, so that crossings stay a small share of the task time. */
export function chunkSizeFor(crossing: number, taskTime: number): number {
  return Math.max(1, Math.ceil(crossing / (CROSSING_SHARE * Math.max(taskTime, 1e-9))));
}

/** The share of the workers' time that did not go into the function. */
export function overheadShare(computeTotal: number, n: number, wall: number): number {
  return Math.min(1, Math.max(0, 1 - computeTotal / (n * wall)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
