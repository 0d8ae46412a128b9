import type { ResultBackend } from "../backends/backend.ts";
import type { EventSender } from "../events/sender.ts";
import type { Runtime } from "../runtime.ts";
import type { Request } from "./request.ts";
import type { Revoked } from "./revoked.ts";

/** What the parts of one worker share. */
export interface WorkerContext {
  readonly runtime: Runtime;
  /** `celery@host`. */
  readonly node: string;
  /** Undefined where the app keeps no results. */
  readonly backend: ResultBackend | undefined;
  readonly events: EventSender;
  readonly revoked: Revoked;
  readonly log: Logger;
  /** Every request from its delivery until it is settled, by id. */
  readonly inHand: Map<string, Request>;
  /** Tasks accepted so far, by name. */
  readonly totals: Map<string, number>;
  /** Limits set by remote control, by task name: hard, soft. */
  readonly timeLimits: Map<string, readonly [hard: number | null, soft: number | null]>;
  /** How often the pool lost a child under a task, by task id. */
  readonly losses: Map<string, number>;
  /** Messages taken ahead, at present. */
  readonly prefetch: () => number;
}

export type LogLevel = "debug" | "info" | "warning" | "error";
export type Logger = (level: LogLevel, message: string) => void;

/** Warnings and errors to stderr; for programs that give no logger of their own. */
export const quietLogger: Logger = (level, message) => {
  if (level === "warning" || level === "error") process.stderr.write(`[celery] ${level}: ${message}\n`);
};
