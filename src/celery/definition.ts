import type { CompressionName } from "./protocol/compression.ts";
import type { SerializerName } from "./protocol/serializers.ts";

/** An error class, or a function that says whether an error counts. */
export type ErrorFilter = (abstract new (...args: any[]) => Error) | ((error: unknown) => boolean);

/** A schema by the Standard Schema convention (zod, valibot, arktype ...). It is given the list of arguments. */
export interface ArgumentsSchema {
  readonly "~standard": {
    validate(value: unknown): unknown;
  };
}

/** What can be said about a task where it is defined. Durations are seconds. Names are Celery's. */
export interface TaskOptions {
  /** Parameter names, for keyword arguments from Python; read from the function itself where left out. */
  readonly params?: readonly string[];
  /** Most retries; null for no limit. Default 3. */
  readonly maxRetries?: number | null;
  /** Before the next try, where neither call nor backoff says. Default 180, as in Celery. */
  readonly defaultRetryDelay?: number;
  /** Errors upon which the task is tried again by itself; `true` for any. */
  readonly autoretryFor?: readonly ErrorFilter[] | true;
  readonly dontAutoretryFor?: readonly ErrorFilter[];
  /** 1, 2, 4 ... seconds between tries, times the number when one is given. */
  readonly retryBackoff?: boolean | number;
  readonly retryBackoffMax?: number;
  /** The delay is drawn evenly from 0 to the backoff. Default true. */
  readonly retryJitter?: boolean;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  /** `"10/s"`, `"100/m"`, `"5/h"` or a number per second; per worker. */
  readonly rateLimit?: string | number | null;
  readonly acksLate?: boolean;
  readonly acksOnFailureOrTimeout?: boolean;
  readonly rejectOnWorkerLost?: boolean;
  readonly ignoreResult?: boolean;
  readonly trackStarted?: boolean;
  readonly expires?: number;
  readonly priority?: number;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly serializer?: SerializerName;
  readonly compression?: CompressionName;
  readonly schema?: ArgumentsSchema;
}

/** A task as the registry holds it. */
export interface TaskDefinition {
  readonly name: string;
  readonly fn: (...args: any[]) => unknown;
  readonly options: TaskOptions;
  /** The task's function takes the request as its first argument. */
  readonly bound: boolean;
  /** Built into every worker; hidden from `inspect registered`, as in Celery. */
  readonly builtin: boolean;
  /** The function reads keyword arguments from its request instead of having them bound to parameters. */
  readonly ignoreKwargs?: boolean;
}
