import { isImporting } from "../closures/index.ts";
import { StateError } from "../core/index.ts";

let isIdle = (): boolean => false;

/** For the entry files: whether this worker has begun nothing yet of what it was sent. */
export function setIdle(idle: () => boolean): void {
  isIdle = idle;
}

/**
 * Refuses work from a module that runs only because a worker loads it for the first function that it was sent: each of
 * the workers started here would load the module again, without end. Python refuses the same, for processes.
 */
export function refuseWhileLoading(): void {
  if (!isImporting() || !isIdle()) return;
  throw new StateError(
    "This module was loaded in a worker, for a function that it exports, and starts work of its own as it is loaded: " +
      "every worker would do the same again, without end. Put the function into a module that only defines things, or " +
      "start the work from a function that only the main program calls",
  );
}
