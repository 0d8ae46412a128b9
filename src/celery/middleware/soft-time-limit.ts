import { SoftTimeLimitExceeded, clock } from "../../core/index.ts";
import type { TaskRequest } from "../context.ts";

type Run = (request: TaskRequest, args: readonly unknown[]) => unknown;

/**
 * Fires `request.signal` when the soft limit passes. A task that looks at its signal may clean up until the hard
 * limit; one that does not has nothing to do it with, and ends with SoftTimeLimitExceeded at once.
 */
export function softTimeLimit(run: Run, seconds: number): Run {
  return async (request, args) => {
    const { promise: passed, reject } = Promise.withResolvers<never>();
    passed.catch(() => {});
    const cancel = clock().after(seconds, () => {
      const error = new SoftTimeLimitExceeded(`${request.task.name} ran longer than ${seconds} s`);
      if (!request.abort(error)) reject(error);
    });
    try {
      return await Promise.race([run(request, args), passed]);
    } finally {
      cancel();
    }
  };
}
