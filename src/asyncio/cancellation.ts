import type { Scope } from "./scope.ts";

/**
 * Whether `error` is how `scope`'s cancellation came back to it: the reason itself, an error caused by it, or (since
 * platform calls turn a signal into their own error) any AbortError while the scope is cancelled. Everything else is
 * a real failure, also when it comes up during unwinding. A foreign AbortError with nothing cancelled is a failure.
 */
export function isCancellation(scope: Scope, error: unknown): boolean {
  if (!scope.cancelled) return false;
  if (error === scope.reason) return true;
  if (!(error instanceof Error)) return false;
  return error.cause === scope.reason || error.name === "AbortError";
}
