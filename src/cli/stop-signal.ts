/** A signal for work that goes on until Ctrl-C (or SIGTERM), or until so many seconds have passed. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Stops the work as Ctrl-C does. */
  stop(): void;
  /** Puts Ctrl-C back to what it was. */
  dispose(): void;
}

/** Ctrl-C ends the work in good order instead of the process; a second one, while it ends, is Node's own again. */
export function stopSignal(seconds?: number): StopSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const timer = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000);
  return {
    signal: controller.signal,
    stop,
    dispose() {
      clearTimeout(timer);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
