import type { Model, ModelKind, Row } from "spool/compare";

/** A made-up row of measurements: what a test does not name is unremarkable. */
export function row(
  kind: ModelKind,
  wall: number,
  extra: Partial<Omit<Row, "model" | "wall">> & {
    readonly workers?: number;
    readonly concurrency?: number;
    readonly range?: readonly [number, number];
    readonly serial?: number;
  } = {},
): Row {
  const { workers = 1, concurrency = 1, range = [wall * 0.98, wall * 1.02], serial = 1, ...rest } = extra;
  const model: Model = { kind, name: nameOf(kind, workers, concurrency), workers, concurrency };
  const hasWorkers = kind === "threads" || kind === "processes" || kind === "threads-async";
  return {
    model,
    wall: { median: wall, min: range[0], max: range[1] },
    speedup: serial / wall,
    efficiency: hasWorkers ? serial / wall / workers : null,
    cpu: 0.1,
    mainLoop: 0.5,
    workerLoop: hasWorkers ? 0.5 : null,
    runQueueWait: 0,
    start: hasWorkers ? 0.05 * workers : null,
    phases: { send: 1e-5, wait: 0, compute: 0.01, receive: 1e-5 },
    overhead: null,
    memory: hasWorkers ? 8e6 * workers : null,
    failed: 0,
    differsAt: null,
    timeline: [{ worker: 0, start: 0, end: wall }],
    ...rest,
  };
}

function nameOf(kind: ModelKind, workers: number, concurrency: number): string {
  if (kind === "serial" || kind === "custom") return kind;
  if (kind === "event-loop") return `event loop x${concurrency}`;
  return `${kind} x${workers}`;
}
