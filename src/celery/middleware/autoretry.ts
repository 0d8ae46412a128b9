import { Ignore, MaxRetriesExceededError, Reject, Replace, Retry } from "../../core/index.ts";
import type { TaskRequest } from "../context.ts";
import type { ErrorFilter, TaskOptions } from "../definition.ts";

type Run = (request: TaskRequest, args: readonly unknown[]) => unknown;

/** Tries the task again by itself upon the errors it names. Python: `autoretry_for`, `retry_backoff`, `retry_jitter`. */
export function autoretry(run: Run, options: TaskOptions): Run {
  return async (request, args) => {
    try {
      return await run(request, args);
    } catch (error) {
      if (isSignal(error) || !wanted(error, options)) throw error;
      const countdown = delay(request.retries, options);
      request.retry({ error, ...(countdown === undefined ? {} : { countdown }) });
    }
  };
}

/** Seconds before the next try, or undefined for the task's `defaultRetryDelay`. */
function delay(retries: number, options: TaskOptions): number | undefined {
  const { retryBackoff = false, retryBackoffMax = LONGEST, retryJitter = true } = options;
  if (retryBackoff === false || retryBackoff === 0) return undefined;
  const factor = retryBackoff === true ? 1 : retryBackoff;
  const longest = Math.min(retryBackoffMax, factor * 2 ** retries);
  return retryJitter ? Math.floor(Math.random() * (longest + 1)) : longest;
}

/** Celery's default of `retry_backoff_max`, in seconds. */
const LONGEST = 600;

function isSignal(error: unknown): boolean {
  return [Retry, Replace, Ignore, Reject, MaxRetriesExceededError].some((kind) => error instanceof kind);
}

function wanted(error: unknown, options: TaskOptions): boolean {
  if (options.dontAutoretryFor?.some((filter) => matches(filter, error)) === true) return false;
  const { autoretryFor } = options;
  return autoretryFor === true || autoretryFor?.some((filter) => matches(filter, error)) === true;
}

function matches(filter: ErrorFilter, error: unknown): boolean {
  const isClass = filter.prototype instanceof Error || (filter as unknown) === Error;
  return isClass
    ? error instanceof (filter as new () => Error)
    : (filter as (error: unknown) => boolean)(error);
}
