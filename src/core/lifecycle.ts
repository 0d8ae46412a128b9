/**
 * The life of every long-lived object of this package (pool, worker, beat, manager, server):
 *
 *     idle --start--> running --stop--> stopping --> stopped
 *       \________________stop_______________________/^
 *
 * `stop` lets work finish, `terminate` does not; both are idempotent, legal before `start`, and return the same
 * promise to every caller. `terminate` during `stop` overtakes it. `await using` stops.
 */
export interface Service extends AsyncDisposable {
  start(): Promise<void>;
  stop(): Promise<void>;
  terminate(): Promise<void>;
}

export type ServiceState = "idle" | "running" | "stopping" | "stopped";
