import { type Frame, FrameTable } from "./frame.ts";

/** One thread of one process. */
export interface ThreadRef {
  readonly pid: number;
  /** What the process is called: its title or the script it runs. */
  readonly process: string;
  /** 0 is the main thread, 1 and up are worker threads in the order Node numbers them. */
  readonly thread: number;
  /** `main`, or the worker's name. */
  readonly name: string;
}

/** What one thread did during one interval. */
export interface Sample {
  readonly thread: ThreadRef;
  /** Outermost function first. */
  readonly stack: readonly Frame[];
  /** Seconds since the profile began, where the time begins that this sample stands for; it was taken at its end. */
  readonly time: number;
  /** Seconds that this sample stands for. */
  readonly weight: number;
}

/** How stacks were obtained: through Node's inspector, or by reading the process's memory from outside. */
export type Engine = "inspector" | "external";

/** Everything one recording saw, over all its threads and processes. */
export interface Profile {
  readonly engine: Engine;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Seconds. */
  readonly duration: number;
  /** Seconds between two samples, as asked for. */
  readonly interval: number;
  readonly threads: readonly ThreadRef[];
  /** In order of time within each thread. */
  readonly samples: readonly Sample[];
  /** What the reader must know: what the engine could not see, threads that ended, and so on. */
  readonly notes: readonly string[];
}

/** A variable of a stopped frame, shown as text. */
export interface Local {
  readonly name: string;
  readonly value: string;
}

export interface StackFrame extends Frame {
  readonly locals?: readonly Local[];
}

/** The stack of one thread at one moment: an entry of `spool dump`. */
export interface ThreadStack {
  readonly thread: ThreadRef;
  readonly engine: Engine;
  /** `running` JavaScript, `idle` in the event loop, or `native`: inside a call that has not returned. */
  readonly state: "running" | "idle" | "native";
  /** More about the state, such as the system call the thread waits in. */
  readonly detail?: string;
  /** Innermost function first. */
  readonly frames: readonly StackFrame[];
}

/** One profile out of several, times aligned to the earliest, equal frames made one object again. */
export function mergeProfiles(profiles: readonly Profile[]): Profile {
  const [first, ...rest] = profiles;
  if (first === undefined) throw new RangeError("mergeProfiles needs at least one profile");
  if (rest.length === 0) return first;
  const frames = new FrameTable();
  const startedAt = Math.min(...profiles.map((p) => p.startedAt));
  const shift = (p: Profile): number => (p.startedAt - startedAt) / 1000;
  const moved = (p: Profile): Sample[] =>
    p.samples.map((sample) => ({
      ...sample,
      time: sample.time + shift(p),
      stack: sample.stack.map((frame) => frames.intern(frame)),
    }));
  return {
    engine: first.engine,
    startedAt,
    duration: Math.max(...profiles.map((p) => p.duration + shift(p))),
    interval: first.interval,
    threads: profiles.flatMap((p) => p.threads),
    samples: profiles.flatMap(moved),
    notes: [...new Set(profiles.flatMap((p) => p.notes))],
  };
}
