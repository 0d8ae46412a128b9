/** Ctrl-C (and a polite kill) in two steps: the first asks the work to stop, the second stops it. */
export interface Interrupts {
  /** Fires with the first signal. */
  readonly stop: AbortSignal;
  /** Fires with the second. */
  readonly abort: AbortSignal;
  /** Gives the signals back to the system: the next one ends the program. */
  release(): void;
}

export function onInterrupt(tell: (step: "stop" | "abort") => void): Interrupts {
  const stop = new AbortController();
  const abort = new AbortController();
  const handle = (): void => {
    const first = !stop.signal.aborted;
    tell(first ? "stop" : "abort");
    if (first) return stop.abort();
    release();
    abort.abort();
  };
  const release = (): void => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return { stop: stop.signal, abort: abort.signal, release };
}
