import type { WorkerContext } from "./context.ts";
import { afterChordMember } from "./follow-ups.ts";
import type { Request } from "./request.ts";

/**
 * Whether the request's task may have succeeded already: its message has been delivered before, so a worker may have
 * been killed, or cut off, between storing the result and acknowledging the message.
 * Python: `worker_deduplicate_successful_tasks`.
 */
export function mayHaveSucceeded({ backend, runtime }: WorkerContext, request: Request): boolean {
  const { settings } = runtime;
  return (
    request.deliveryInfo.redelivered &&
    settings.workerDeduplicateSuccessfulTasks &&
    backend !== undefined &&
    !request.headers.ignoreResult
  );
}

/**
 * For a task that has: what is left to do instead of a run. Links and chain went out before the result was stored, the
 * chord was told after it, and counts a member once however often it is told.
 */
export async function succeededBefore(
  context: WorkerContext,
  request: Request,
): Promise<(() => Promise<void>) | undefined> {
  // A backend that cannot be asked is no reason not to run.
  const meta = await context.backend?.get(request.id).catch(() => null);
  if (meta?.status !== "SUCCESS") return undefined;
  return async () => {
    await afterChordMember(context, request, "SUCCESS", meta.result);
    request.acknowledge();
    context.log("info", `Task ${request.name}[${request.id}] had succeeded before; not run again`);
  };
}
