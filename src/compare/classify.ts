import type { Classification, WorkClass } from "./types.ts";

/** What one serial run showed, in seconds; the classification needs nothing else. */
export interface SerialFigures {
  readonly wall: number;
  /** CPU time of the whole process, helper threads included. */
  readonly cpu: number;
  /** Time that the main thread's loop was not idle. */
  readonly loopActive: number;
  /** Time that the working threads were ready but had no core; 0 where it is unknown. */
  readonly runQueueWait: number;
}

/** Below this share a resource counts as idle, above FULL as used up; between them lies the mixed work. */
const IDLE = 0.2;
const FULL = 0.8;
/** Loop time and CPU time that differ by more than this are not the same activity. */
const APART = 0.35;

/**
 * Says what the work waits for. Time in which the thread was ready but had no core is taken out first: on a busy
 * machine pure computation would otherwise look like waiting.
 */
export function classify(serial: SerialFigures): Classification {
  const own = Math.max(serial.wall - serial.runQueueWait, serial.wall * 1e-3);
  const loopBusy = clamp((serial.loopActive - serial.runQueueWait) / own);
  const cpuShare = Math.max(0, serial.cpu / own);
  const kind = kindOf(loopBusy, cpuShare);
  return {
    class: kind,
    label: LABELS[kind],
    loopBusy,
    cpuShare,
    reason: reasonFor(kind, loopBusy, cpuShare),
  };
}

/**
 *                      CPU idle            CPU in between        CPU used
 *   loop idle          async I/O           native pool           native pool
 *   loop in between    blocking / mixed    mixed                 native pool / JS CPU
 *   loop busy          blocking            blocking / JS CPU     JS CPU
 */
function kindOf(loopBusy: number, cpuShare: number): WorkClass {
  if (loopBusy - cpuShare > APART) return "blocking";
  if (cpuShare - loopBusy > APART && loopBusy < FULL) return "native-pool";
  if (loopBusy > FULL) return "js-cpu";
  return Math.max(loopBusy, Math.min(cpuShare, 1)) < IDLE ? "async-io" : "mixed";
}

const LABELS: Record<WorkClass, string> = {
  "async-io": "async I/O-bound",
  blocking: "blocked by synchronous calls",
  "native-pool": "bound by Node's native thread pool",
  "js-cpu": "CPU-bound in JavaScript",
  mixed: "a mix of CPU and async I/O",
};

function reasonFor(kind: WorkClass, loopBusy: number, cpuShare: number): string {
  const loop = percent(loopBusy);
  const cpu = percent(cpuShare);
  switch (kind) {
    case "async-io":
      return `the loop is idle ${percent(1 - loopBusy)} of the time`;
    case "blocking":
      return `the loop is held ${loop} of the time but uses only ${cpu} CPU: a call blocks it`;
    case "native-pool":
      return `${cpu} CPU while the loop is busy only ${loop} of the time: the work is in native threads`;
    case "js-cpu":
      return `the loop is busy ${loop} of the time, computing`;
    case "mixed":
      return `the loop is busy ${loop} of the time and waits the rest`;
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
