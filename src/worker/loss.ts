import { BrokenProcessPool, BrokenThreadPool } from "../core/index.ts";
import type { PeerExit } from "./peer.ts";
import { Op, TINY_SECONDS } from "./protocol.ts";
import type { Task, TaskSeat } from "./task.ts";

/** What is to be said about lost work. */
export interface LossReport {
  readonly kind: "thread" | "process";
  /** The initializer threw; workers die before they are ready; a worker ended. */
  readonly what: "initializer" | "start" | "worker";
  readonly worker?: string;
  readonly exit?: PeerExit;
  readonly task?: string;
  readonly cause?: unknown;
  /** The worker was stopped by us, for this other task. */
  readonly stoppedFor?: string | undefined;
}

/** The error for a task whose worker is gone, or for an executor that cannot have workers. */
export function lossError(report: LossReport): BrokenThreadPool | BrokenProcessPool {
  const Broken = report.kind === "thread" ? BrokenThreadPool : BrokenProcessPool;
  const { exit } = report;
  return new Broken(describeLoss(report), {
    reason: report.what === "worker" ? (report.stoppedFor === undefined ? exit!.reason : "closed") : "start",
    exitCode: exit?.exitCode ?? null,
    signal: exit?.signal ?? null,
    cause: report.cause ?? exit?.error,
  });
}

function describeLoss(report: LossReport): string {
  const { kind, exit, task, worker } = report;
  if (report.what === "initializer") return `The initializer threw, so that the ${kind} pool cannot work`;
  if (report.what === "start")
    return `The ${kind} pool's workers end before they are ready: ${howItEnded(exit!)}`;
  const where = `worker ${kind} ${worker}`;
  if (report.stoppedFor !== undefined)
    return `The ${where} was stopped because the task ${report.stoppedFor} in it did not end, and ${task} ran beside it`;
  if (task === undefined) return `The ${where} ended while it had no task: ${howItEnded(exit!)}`;
  return `The ${where} ended while it ran the task ${task}: ${howItEnded(exit!)}`;
}

function howItEnded(exit: PeerExit): string {
  if (exit.reason === "out-of-memory") return "it ran out of memory (see resourceLimits)";
  if (exit.signal === "SIGABRT") return "killed by SIGABRT (abort, or out of memory)";
  if (exit.signal !== null) return `killed by ${exit.signal}`;
  if (exit.reason === "start") return `it could not be started (${String(exit.error)})`;
  if (exit.reason === "crash" && exit.error !== undefined)
    return `uncaught ${String(exit.error)} outside the task's own flow`;
  return `exit code ${exit.exitCode} (process.exit was called)`;
}

/**
 * The tasks that were under way when the worker ended. The shared count of starts is exact. Without one a worker
 * announces what is not tiny; if nothing announced is open, the tiny ones that it had may have begun, and count as if they had.
 */
export function startedTasks(seat: TaskSeat, tasks: readonly Task[]): Set<Task> {
  if (seat.peer.starts !== undefined) return new Set(tasks.filter((task) => seat.hasStarted(task)));
  const announced = tasks.filter((task) => task.started);
  if (announced.length > 0) return new Set(announced);
  return new Set(tasks.filter((task) => task.op === Op.RUN && task.record.seconds < TINY_SECONDS));
}

/** An error that no task owns must not vanish. */
export function warn(report: LossReport): void {
  const error = lossError(report);
  process.emitWarning(
    `${error.message}: ${String((error.cause as Error)?.stack ?? error.cause)}`,
    "SpoolWarning",
  );
}
