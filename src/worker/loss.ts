import { BrokenProcessPool, BrokenThreadPool } from "../core/index.ts";
import type { PeerExit } from "./peer.ts";

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
