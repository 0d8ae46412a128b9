import { currentSignal } from "../asyncio/index.ts";
import { TimeoutError } from "../core/index.ts";

/**
 * Whether a wait ended with `error` because its own time ran out. A greenlet may also be interrupted with a timeout (a
 * `Timeout` that was started around the wait, say), and that one must get through.
 */
export function ranOutOfTime(error: unknown): boolean {
  return error instanceof TimeoutError && error !== currentSignal().reason;
}
