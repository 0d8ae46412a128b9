import { doubtsAbout, foreignWait, ownTime } from "./confidence.ts";
import { mostAsyncGain } from "./formulas.ts";
import type { Choice, Classification, Crossing, ModelKind, Recommendation, Row, WorkClass } from "./types.ts";

/** Models this close to the fastest count as equally fast; the simplest of them wins. */
const AS_FAST = 1.05;
/** The same where the measurements are in doubt: below this, a difference is the machine's rather than the model's. */
const AS_FAST_IN_DOUBT = 1.25;
/** What each kind of work is made for; it breaks ties in doubt, because classes rest on CPU time, not on wall time. */
const NATURAL: Record<WorkClass, ModelKind> = {
  "async-io": "event-loop",
  "native-pool": "event-loop",
  "js-cpu": "threads",
  blocking: "threads",
  mixed: "threads-async",
};
const SIMPLICITY: Record<ModelKind, number> = {
  serial: 0,
  "event-loop": 1,
  threads: 2,
  "threads-async": 3,
  processes: 4,
  celery: 5,
  custom: 5,
};

export interface Evidence {
  readonly classification: Classification;
  /** The first row is the serial one. */
  readonly rows: readonly Row[];
  readonly crossings: readonly Crossing[];
  /** Inputs given and inputs run per repetition: the answer for one run is scaled from one to the other. */
  readonly inputs: number;
  readonly measured: number;
  readonly taskTime: number;
  readonly cores: number;
}

/**
 * Picks the model, for a pool that lives on and for one run, and says why and how sure it is. Rows are ranked by the
 * time they would have taken had other programs left them the cores (their wall times, on a quiet machine): crowded
 * walls would rank the crowd. Where that corrects anything, the confidence is low and the doubts say so.
 */
export function decide(evidence: Evidence): Recommendation {
  const { cores } = evidence;
  const serial = evidence.rows[0]!;
  const usable = evidence.rows.filter((row) => isUsable(row, serial));
  const scale = evidence.inputs / evidence.measured;
  const time = (row: Row): number => scale * ownTime(row, cores);
  const fastest = usable.reduce((a, b) => (time(b) < time(a) ? b : a));
  const doubts = doubtsAbout([serial, pick(usable, time, undefined).row, fastest], cores);
  const sure = doubts.length === 0;
  const natural = sure ? undefined : NATURAL[evidence.classification.class];
  const trusted = sure ? time : (row: Row): number => scale * plausibleTime(row, usable, evidence);
  const warm = pick(usable, trusted, natural);
  const oneOff = pick(usable, (row) => (row.start ?? 0) + trusted(row), natural);
  if ([serial, fastest].some((row) => foreignWait(row, cores) > 0))
    doubts.push(
      "models are ranked by their times without the waits for a core; below 25 % apart, the class decides",
    );
  return {
    model: warm.row.model,
    speedup: trusted(serial) / trusted(warm.row),
    reason: reasonFor(warm.row, evidence),
    oneOff: oneOff.choice,
    warm: warm.choice,
    confidence: doubts.length === 0 ? "high" : "low",
    doubts,
    advice: adviceFor(warm.row, usable, evidence),
  };
}

/**
 * What measurements in doubt may claim at most. One event loop cannot gain more than its idle time allows; threads and
 * processes of the same number have the same cores for the same work, so the better run of the two speaks for both.
 */
function plausibleTime(row: Row, rows: readonly Row[], { classification, cores }: Evidence): number {
  const own = ownTime(row, cores);
  const { kind, workers } = row.model;
  if (kind === "event-loop")
    return Math.max(own, ownTime(rows[0]!, cores) / mostAsyncGain(classification.loopBusy));
  if (kind !== "threads" && kind !== "processes") return own;
  const twins = rows.filter(
    ({ model }) => (model.kind === "threads" || model.kind === "processes") && model.workers === workers,
  );
  return Math.min(...twins.map((twin) => ownTime(twin, cores)));
}

/** A model whose results differ, or that fails where the serial run does not, is not a way to run this work. */
function isUsable(row: Row, serial: Row): boolean {
  return row.differsAt === null && row.failed <= serial.failed;
}

/** The simplest of the fastest; in doubt, the fastest of the natural kind if it is among them. */
function pick(
  rows: readonly Row[],
  total: (row: Row) => number,
  natural: ModelKind | undefined,
): { row: Row; choice: Choice } {
  const tie = natural === undefined ? AS_FAST : AS_FAST_IN_DOUBT;
  const best = Math.min(...rows.map(total));
  const fast = rows.filter((row) => total(row) <= best * tie);
  const fitting = fast.filter((row) => row.model.kind === natural).sort((a, b) => total(a) - total(b));
  const row = fitting[0] ?? fast.sort(bySimplicity)[0]!;
  return { row, choice: { model: row.model, total: total(row) } };
}

function bySimplicity(a: Row, b: Row): number {
  return (
    SIMPLICITY[a.model.kind] - SIMPLICITY[b.model.kind] ||
    a.model.workers - b.model.workers ||
    a.model.concurrency - b.model.concurrency
  );
}

function reasonFor(row: Row, evidence: Evidence): string {
  const { classification, rows } = evidence;
  if (row.model.kind !== "serial") return WHY[row.model.kind](classification, row);
  const parallel = rows.filter((r) => r.model.workers > 1);
  const least = evidence.crossings.reduce((a, c) => Math.min(a, c.perTask), Infinity);
  if (least > evidence.taskTime * 0.2 && least !== Infinity) {
    return `a task takes ${micro(evidence.taskTime)} and giving it to a worker costs ${micro(least)}`;
  }
  if (parallel.length === 0) return `${classification.reason}, and there is no second core to use`;
  return `${classification.reason}, and no other model was more than 5 % faster`;
}

const WHY: Record<Exclude<ModelKind, "serial">, (c: Classification, row: Row) => string> = {
  "event-loop": (c) => c.reason,
  threads: (c) => `${c.reason}; threads share it out over the cores`,
  "threads-async": (c, row) =>
    `${c.reason}; one loop can give ${mostAsyncGain(c.loopBusy).toFixed(1)}x at most, a loop in each of ${row.model.workers} threads more`,
  processes: (c) => `${c.reason}; processes were more than 5 % faster than threads`,
  celery: (c, row) => `${c.reason}; ${row.model.name} was more than 5 % faster than anything local`,
  custom: (c, row) => `${c.reason}; ${row.model.name} was more than 5 % faster than anything local`,
};

function adviceFor(winner: Row, usable: readonly Row[], evidence: Evidence): string[] {
  const advice: string[] = [];
  const { classification } = evidence;
  const kind = winner.model.kind;
  if (classification.class === "blocking")
    advice.push("an asynchronous API in place of the blocking call would free the event loop");
  if (classification.class === "native-pool" && evidence.cores > LIBUV_THREADS)
    advice.push(
      `UV_THREADPOOL_SIZE=${evidence.cores} lets the native pool use every core (default ${LIBUV_THREADS})`,
    );
  const crossing = evidence.crossings.find((c) => c.kind === (kind === "processes" ? kind : "threads"));
  if (crossing !== undefined && winner.model.workers > 1 && crossing.chunkSize > 1)
    advice.push(`send ${crossing.chunkSize} inputs per message (map does so by itself)`);
  if (kind === "threads" || kind === "threads-async") {
    const apart = usable.find((r) => isProcessTwin(r, winner) && isAsFast(r, winner));
    if (apart !== undefined)
      advice.push(`${apart.model.name} is as fast: take it where tasks may crash or need isolation`);
  }
  return advice;
}

/** Threads in libuv's pool unless UV_THREADPOOL_SIZE says otherwise. */
const LIBUV_THREADS = 4;

function isProcessTwin(row: Row, winner: Row): boolean {
  return row.model.kind === "processes" && row.model.workers === winner.model.workers;
}

function isAsFast(row: Row, winner: Row): boolean {
  return row.wall.median <= winner.wall.median * AS_FAST;
}

function micro(seconds: number): string {
  if (seconds < 1e-6) return "less than 1 µs";
  return seconds < 1e-3 ? `${Math.round(seconds * 1e6)} µs` : `${(seconds * 1e3).toFixed(1)} ms`;
}
