import { mean, median, overheadShare } from "../formulas.ts";
import type { SerialFigures } from "../classify.ts";
import type { Model, Phases, Row, Span, Spread } from "../types.ts";
import type { Sample } from "./probe.ts";
import type { Pass, Runner } from "./runner.ts";

/** What a row needs to know beyond its own passes. */
export interface Context {
  readonly serialWall: number;
  readonly differsAt: number | null;
}

export function wallOf(pass: Pass): number {
  return pass.after.time - pass.before.time;
}

/** Turns the repetitions of one model into its row of the table. */
export function summarise(runner: Runner, passes: readonly Pass[], context: Context): Row {
  const { model } = runner;
  const wall = spread(passes.map(wallOf));
  const typical = passes.reduce((a, b) =>
    Math.abs(wallOf(b) - wall.median) < Math.abs(wallOf(a) - wall.median) ? b : a,
  );
  const speedup = context.serialWall / wall.median;
  const hasWorkers = runner.start !== null;
  return {
    model,
    wall,
    speedup,
    efficiency: hasWorkers ? speedup / model.workers : null,
    cpu: median(passes.map((p) => p.after.cpu - p.before.cpu + (p.after.childCpu - p.before.childCpu))),
    mainLoop: median(passes.map((p) => share(p.after.loopActive - p.before.loopActive, wallOf(p)))),
    workerLoop: hasWorkers ? median(passes.map((p) => workerLoop(p, model.workers))) : null,
    runQueueWait: medianOrNull(passes.map((p) => waitShare(p, model))),
    start: runner.start,
    phases: phasesOf(typical),
    overhead: overheadOf(typical, model.concurrency > 1 ? null : model.workers),
    memory: runner.memory,
    failed: typical.samples.filter((s) => !s.ok).length,
    differsAt: context.differsAt,
    timeline: timelineOf(typical),
  };
}

/** The figures that the classification is made of: the medians of the serial passes. */
export function serialFigures(passes: readonly Pass[]): SerialFigures {
  return {
    wall: median(passes.map(wallOf)),
    cpu: median(passes.map((p) => p.after.cpu - p.before.cpu)),
    loopActive: median(passes.map((p) => p.after.loopActive - p.before.loopActive)),
    runQueueWait: median(passes.map((p) => serialWait(p) ?? 0)),
  };
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function medianOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}

/** Waits of the threads that do the work: the workers where there are any, else the main thread. */
function waitShare(pass: Pass, model: Model): number | null {
  const { before, after } = pass;
  if (model.kind === "serial") {
    const wait = serialWait(pass);
    return wait === null ? null : share(wait, wallOf(pass));
  }
  if (model.kind === "event-loop") {
    // The native pool's threads may outnumber the cores by design, so their waits say nothing about other programs.
    return before.mainWait === null || after.mainWait === null
      ? null
      : share(after.mainWait - before.mainWait, wallOf(pass));
  }
  if (before.workers === null || after.workers === null) return null;
  return share(after.workers.wait - before.workers.wait, model.workers * wallOf(pass));
}

/** In a serial run the main thread and libuv's pool never work at the same time, so their waits add up. */
function serialWait(pass: Pass): number | null {
  const { before, after } = pass;
  if (before.mainWait === null || after.mainWait === null) return null;
  return after.mainWait - before.mainWait + ((after.poolWait ?? 0) - (before.poolWait ?? 0));
}

/** Busy time of the workers' loops between their first and last task, over all workers and the whole pass. */
function workerLoop(pass: Pass, workers: number): number {
  let busy = 0;
  for (const tasks of byWorker(pass.samples).values()) {
    const first = tasks[0]!;
    const last = tasks.reduce((a, b) => (b.end > a.end ? b : a));
    busy += last.end - first.start - (last.idleEnd - first.idleStart);
  }
  return share(busy, workers * wallOf(pass));
}

function byWorker(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of [...samples].sort((a, b) => a.start - b.start)) {
    const group = groups.get(sample.worker.key);
    if (group === undefined) groups.set(sample.worker.key, [sample]);
    else group.push(sample);
  }
  return groups;
}

/**
 * A task waits while its worker still runs the one before; what is left between being sent and starting is the way
 * there. With tasks that overlap in a worker nothing waits, and all of it is the way.
 */
function phasesOf(pass: Pass): Phases {
  const send: number[] = [];
  const wait: number[] = [];
  const compute: number[] = [];
  const receive: number[] = [];
  for (const tasks of byWorker(pass.samples).values()) {
    let free = -Infinity;
    for (const task of tasks) {
      const submitted = pass.submitted[task.index]!;
      const ready = Math.min(task.start, Math.max(submitted, free));
      wait.push(ready - submitted);
      send.push(task.start - ready);
      compute.push(task.end - task.start);
      receive.push(Math.max(0, pass.received[task.index]! - task.end));
      free = task.end;
    }
  }
  return { send: mean(send), wait: mean(wait), compute: mean(compute), receive: mean(receive) };
}

function overheadOf(pass: Pass, workers: number | null): number | null {
  if (workers === null) return null;
  const compute = pass.samples.reduce((sum, task) => sum + (task.end - task.start), 0);
  return overheadShare(compute, workers, wallOf(pass));
}

function timelineOf(pass: Pass): Span[] {
  const origin = pass.before.time;
  return [...byWorker(pass.samples).values()].flatMap((tasks, worker) =>
    tasks.map((task) => ({ worker, start: task.start - origin, end: task.end - origin })),
  );
}
