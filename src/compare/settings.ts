import { availableParallelism } from "node:os";
import { invalid, requireFunction, requireInteger, requireSeconds } from "../core/index.ts";
import type { Executor } from "../futures/index.ts";
import type { FunctionReference } from "./types.ts";

export interface CompareOptions {
  /** Shown as the title; default the function's name. */
  readonly name?: string;
  /** Where workers import the function from; without it the function is captured and shipped. */
  readonly reference?: FunctionReference;
  /** Timed runs of each model, after one that is dropped. Default 5. */
  readonly repetitions?: number | undefined;
  /** About how long the whole comparison may take, in seconds; with many or long inputs it runs a sample of them. Default 30. */
  readonly budget?: number | undefined;
  /** Pool sizes to try; default powers of two up to the number of cores. */
  readonly workers?: readonly number[] | undefined;
  /** Tasks in flight on the event loop to try; default chosen by what the serial run shows. */
  readonly concurrency?: readonly number[] | undefined;
  /** Further executors to put beside the local ones, by the name of their row. They are not shut down. */
  readonly executors?: Readonly<Record<string, Executor>>;
  /** A broker's URL (`redis://`, `amqp://`, `sqlite://`): the same work as Celery tasks over it too; needs `reference`. */
  readonly broker?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called before each timed run. */
  readonly onProgress?: (step: CompareStep) => void;
}

export interface CompareStep {
  readonly model: string;
  /** 0 while warming up. */
  readonly round: number;
  readonly repetitions: number;
}

/** The options, checked and completed. */
export interface Settings {
  readonly name: string;
  readonly repetitions: number;
  readonly budget: number;
  readonly workers: readonly number[] | undefined;
  readonly concurrency: readonly number[] | undefined;
  readonly executors: Readonly<Record<string, Executor>>;
  readonly broker: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly reference: FunctionReference | undefined;
  readonly cores: number;
  readonly step: (model: string, round: number) => void;
}

export function validate(fn: unknown, options: CompareOptions): Settings {
  requireFunction("fn", fn);
  const repetitions = requireInteger("repetitions", options.repetitions ?? 5, 1, 1000);
  const budget = requireSeconds("budget", options.budget ?? 30);
  if (budget === 0 || budget === Infinity) throw invalid("budget", budget, "a number of seconds above 0");
  for (const n of options.workers ?? []) requireInteger("workers", n, 1, 1024);
  if (options.broker !== undefined && !URL.canParse(options.broker))
    throw invalid("broker", options.broker, "a broker's URL, for example redis://127.0.0.1");
  for (const n of options.concurrency ?? []) requireInteger("concurrency", n, 2, 65_536);
  return {
    name: options.name ?? ((fn as { name: string }).name || "function"),
    repetitions,
    budget,
    workers: options.workers,
    concurrency: options.concurrency,
    executors: options.executors ?? {},
    broker: options.broker,
    signal: options.signal,
    reference: options.reference,
    cores: availableParallelism(),
    step: (model, round) => options.onProgress?.({ model, round, repetitions }),
  };
}
