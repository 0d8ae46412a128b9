/**
 * Debug mode: the switch, and the hooks that the rest of the room calls through. While it is off, each hook costs one
 * comparison with undefined. This file knows nothing of the checks, so that everything here can import it.
 */
export interface DebugHooks {
  /** A task has ended; `key` is what its timers were recorded under. */
  taskEnded(task: DebugTask): void;
  /** A runner closed while free tasks that nobody awaited were still running. */
  forgotten(task: DebugTask): void;
}

export interface DebugTask {
  readonly name: string;
  readonly spawnedAt: string;
}

export const debug: { hooks: DebugHooks | undefined } = { hooks: undefined };
