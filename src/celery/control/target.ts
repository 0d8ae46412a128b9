import type { QueueSpec } from "../brokers/broker.ts";
import type { Runtime } from "../runtime.ts";

/** One task in a worker's hands, as `inspect` shows it. */
export type RequestInfo = Readonly<Record<string, unknown>>;

/** What the remote control can see and do; a worker implements it. */
export interface ControlTarget {
  readonly node: string;
  readonly runtime: Runtime;
  active(): RequestInfo[];
  reserved(): RequestInfo[];
  scheduled(): RequestInfo[];
  revokedIds(): string[];
  /** Ids that were running and have been stopped. */
  revoke(ids: readonly string[], terminate: boolean): string[];
  revokeByStamps(stamps: Readonly<Record<string, unknown>>, terminate: boolean): string[];
  setRateLimit(task: string, rate: string | number | null): void;
  setTimeLimit(task: string, hard: number | null, soft: number | null): void;
  resize(by: number): void;
  /** False where autoscaling is not on. */
  autoscale(max: number | undefined, min: number | undefined): boolean;
  addConsumer(queue: QueueSpec): Promise<void>;
  cancelConsumer(queue: string): Promise<void>;
  queues(): readonly QueueSpec[];
  /** Switches task events; says whether that changed anything. */
  setEvents(enabled: boolean): boolean;
  heartbeat(): Promise<void>;
  /** Begins a warm shutdown and returns at once. */
  shutDown(): void;
  stats(): Readonly<Record<string, unknown>>;
  elect(id: string, topic: string, action: unknown): void;
}
