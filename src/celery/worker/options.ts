import type { Logger } from "./context.ts";
import type { PoolKind } from "./pool.ts";

export interface WorkerOptions {
  /** Tasks at once. Default: 100 in the event loop, the number of cores in threads and processes, 1 in solo. */
  readonly concurrency?: number;
  /** Where tasks run: this event loop (default), threads, processes, or one at a time. */
  readonly pool?: PoolKind;
  /** Grow and shrink between these, as the load is. */
  readonly autoscale?: { readonly max: number; readonly min: number };
  /** Names of the queues to take from. Default: the app's. */
  readonly queues?: readonly string[];
  /** Node name, `name@host`; what is left out is filled in. Default `celery@` this host. */
  readonly hostname?: string;
  /** Messages taken ahead, per slot. */
  readonly prefetchMultiplier?: number;
  /** Send task events from the start. */
  readonly events?: boolean;
  /** A thread or process is replaced after so many tasks. */
  readonly maxTasksPerChild?: number;
  /**
   * KiB (as in Celery) that a thread or process may hold after a task; above, it is replaced before its next one. Of a
   * process this is its resident memory, of a thread its heap with the buffers behind it.
   */
  readonly maxMemoryPerChild?: number;
  /** A file in which revoked ids outlive the worker; one for each worker. Python: `--statedb`, in another format. */
  readonly stateDb?: string;
  /** Answer `inspect` and `control`. Default true; without it there are no heartbeats, gossip and mingle either. */
  readonly remoteControl?: boolean;
  /** Tell monitors and other workers every two seconds that this one is there. Default true. */
  readonly heartbeat?: boolean;
  /** Listen to other workers' heartbeats and take part in their elections. Default true. */
  readonly gossip?: boolean;
  /**
   * Ask other workers for what was revoked before this one starts, which takes a second. Default false here, true on the
   * command line and in Celery.
   */
  readonly mingle?: boolean;
  /** Seconds that a cold shutdown first lets running tasks go on. Python: `worker_soft_shutdown_timeout`. */
  readonly softShutdownTimeout?: number;
  /**
   * Seconds that a shutdown waits for broker and backend once no task runs any more: to store results, to acknowledge,
   * to give back. When they do not answer, `stop` rejects, and others run the tasks when their lease ends. Default 10.
   */
  readonly shutdownTimeout?: number;
  readonly log?: Logger;
}
