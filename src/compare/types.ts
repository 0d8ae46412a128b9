/** The ways to run the same work. `threads-async` is threads with several tasks in flight in each. */
export type ModelKind =
  | "serial"
  | "event-loop"
  | "threads"
  | "threads-async"
  | "processes"
  | "celery"
  | "custom";

/** One way to run the work, with its size. */
export interface Model {
  readonly kind: ModelKind;
  /** As the table shows it: `threads x4`. */
  readonly name: string;
  /** Threads or processes that run tasks; 1 for serial and the event loop. */
  readonly workers: number;
  /** Tasks in flight in each worker. */
  readonly concurrency: number;
}

/** A function by name: the module's URL and the export. */
export interface FunctionReference {
  readonly url: string;
  readonly name: string;
}

/** Median and range over the repetitions, in the unit of the field that holds it. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Where one task's time went, in seconds, as means over the tasks of the median repetition. */
export interface Phases {
  /** From being sent (or from the worker becoming free) to starting on the worker. */
  readonly send: number;
  /** In the queue while every worker was busy. */
  readonly wait: number;
  /** In the function itself. */
  readonly compute: number;
  /** From its end on the worker to its result being back. */
  readonly receive: number;
}

/** One task on one worker, in seconds from the start of its repetition. */
export interface Span {
  readonly worker: number;
  readonly start: number;
  readonly end: number;
}

/** What was measured for one model. All times in seconds; shares are fractions of 1. */
export interface Row {
  readonly model: Model;
  readonly wall: Spread;
  /** Serial wall time / this wall time, by medians. */
  readonly speedup: number;
  /** Speed-up per worker; null where there is only one. */
  readonly efficiency: number | null;
  /** CPU time of the whole process and of the worker processes; null where the platform does not tell. */
  readonly cpu: number | null;
  /** Share of the time that the main thread's event loop was busy. */
  readonly mainLoop: number;
  /** The same for the workers, on average; null for models without workers. */
  readonly workerLoop: number | null;
  /** Share of the time that the threads doing the work were ready to run but had no core; null where unknown. */
  readonly runQueueWait: number | null;
  /** From nothing to workers that have answered once; null for models without workers. */
  readonly start: number | null;
  readonly phases: Phases;
  /** 1 - (time in the function / (workers x wall)); null where tasks overlap in one worker. */
  readonly overhead: number | null;
  /** Resident memory added by the workers, in bytes; null where there are none or it is unknown. */
  readonly memory: number | null;
  /** Tasks that threw. */
  readonly failed: number;
  /** Index of the first input whose result differs from the serial one; null when all are equal. */
  readonly differsAt: number | null;
  readonly timeline: readonly Span[];
}

/** A model that could not run this function at all. */
export interface Unable {
  readonly model: Model;
  readonly reason: string;
}

export type WorkClass = "async-io" | "blocking" | "native-pool" | "js-cpu" | "mixed";

export interface Classification {
  readonly class: WorkClass;
  /** For people: `async I/O-bound`. */
  readonly label: string;
  /** Share of the serial run that the event loop was busy, waits for a core taken out. */
  readonly loopBusy: number;
  /** CPU time / (wall - run-queue wait); above 1 when helper threads compute too. */
  readonly cpuShare: number;
  /** One line: which figures led here. */
  readonly reason: string;
}

/** What it costs to give a task to a worker instead of calling the function, for one kind of worker. */
export interface Crossing {
  readonly kind: "threads" | "processes";
  /** Seconds per task. */
  readonly perTask: number;
  /** Task time in seconds from which all the workers beat the serial run, start-up included. */
  readonly breakEven: number | null;
  /** Inputs per message that keep crossings below 5 % of the task time. */
  readonly chunkSize: number;
}

export interface Choice {
  readonly model: Model;
  /** Seconds for all inputs, start-up included where the answer includes it. */
  readonly total: number;
}

export interface Recommendation {
  /** The headline: the simplest model within 5 % of the fastest, with workers that are running already. */
  readonly model: Model;
  readonly speedup: number;
  /** One line that says why. */
  readonly reason: string;
  /** For one run of these inputs, with the workers' start-up counted. */
  readonly oneOff: Choice;
  /** For a pool that lives on. */
  readonly warm: Choice;
  readonly confidence: "high" | "low";
  /** Why the confidence is low, each with the figure that says so. */
  readonly doubts: readonly string[];
  /** What else would help: a setting, a chunk size, another API. */
  readonly advice: readonly string[];
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly platform: string;
}

/** Everything `compare` found out. Plain data: `JSON.stringify` gives what `--json` prints. */
export interface Comparison {
  readonly name: string;
  /** Number of inputs given, and how many of them one repetition ran (see `notes` when they differ). */
  readonly inputs: number;
  readonly measured: number;
  readonly repetitions: number;
  /** Mean seconds per task in the serial run. */
  readonly taskTime: number;
  readonly classification: Classification;
  readonly rows: readonly Row[];
  readonly unable: readonly Unable[];
  readonly crossings: readonly Crossing[];
  readonly recommendation: Recommendation;
  /** False when some model's results differ from the serial ones; null when the function is not repeatable anyway. */
  readonly resultsEqual: boolean | null;
  readonly notes: readonly string[];
  readonly machine: Machine;
}
