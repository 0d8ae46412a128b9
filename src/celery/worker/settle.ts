import {
  OperationalError,
  SpoolError,
  TaskRevokedError,
  TimeLimitExceeded,
  WorkerLostError,
} from "../../core/index.ts";
import { taskCall } from "../canvas/call.ts";
import { plan } from "../canvas/plan.ts";
import { mergeOptions, withOptions, wireSignature, type WireOptions } from "../canvas/wire.ts";
import type { Outcome } from "../execute.ts";
import { encodeException, tracebackOf, type WireError } from "../protocol/exceptions.ts";
import { repr } from "../protocol/repr.ts";
import type { WireSignature } from "../protocol/task-message.ts";
import { asCurrentTask } from "../request.ts";
import type { WorkerContext } from "./context.ts";
import { afterChordMember, afterSuccess, failChain, sendErrbacks } from "./follow-ups.ts";
import type { Request } from "./request.ts";
import { storeState } from "./store.ts";

/** How a run can end beyond what the task itself decides. */
export type Ending =
  | Outcome
  | { readonly kind: "timeout"; readonly seconds: number }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "terminated" };

/**
 * What becomes of a request once its run has ended: links and chain, stored result, chord, acknowledgement, event, in
 * the order that Celery keeps. Rejects only when broker or backend refuse; the caller then gives the message back.
 */
export async function settle(context: WorkerContext, request: Request, ending: Ending): Promise<void> {
  try {
    await settleAs(context, request, ending);
  } catch (error) {
    // What can never succeed (a chord on a backend that cannot count, say) must not come back for ever.
    if (!(error instanceof SpoolError) || error instanceof OperationalError) throw error;
    await fail(context, request, encodeException(error), tracebackOf(error));
  }
}

function settleAs(context: WorkerContext, request: Request, ending: Ending): Promise<void> {
  switch (ending.kind) {
    case "success":
      return succeed(context, request, ending);
    case "failure":
      return fail(context, request, ending.error, ending.traceback);
    case "timeout":
      return fail(context, request, timeLimitError(ending.seconds), null);
    case "lost":
      return lose(context, request, ending.reason);
    case "retry":
      return retry(context, request, ending);
    case "replace":
      return replace(context, request, ending.signature);
    case "terminated":
      return revoke(context, request, "terminated");
    case "ignore":
      request.acknowledge();
      return Promise.resolve();
    case "reject":
      request.reject(ending.requeue);
      context.events.task("task-rejected", () => ({ uuid: request.id, requeue: ending.requeue }));
      return Promise.resolve();
  }
}

type Ended<K extends Outcome["kind"]> = Extract<Outcome, { kind: K }>;

async function succeed(context: WorkerContext, request: Request, outcome: Ended<"success">): Promise<void> {
  const sent = await afterSuccess(context, request, outcome.value);
  const children = sent.length === 0 ? outcome.children : [...outcome.children, ...sent];
  await storeState(context, request, { status: "SUCCESS", result: outcome.value, children });
  await afterChordMember(context, request, "SUCCESS", outcome.value);
  request.acknowledge();
  context.events.task("task-succeeded", () => ({
    uuid: request.id,
    result: repr(outcome.value),
    runtime: outcome.seconds,
  }));
}

async function fail(
  context: WorkerContext,
  request: Request,
  error: WireError,
  traceback: string | null,
): Promise<void> {
  await storeState(context, request, { status: "FAILURE", result: error, traceback });
  await afterChordMember(context, request, "FAILURE", error);
  await failChain(context, request, error, traceback);
  await sendErrbacks(context, request, request.embed.errbacks);
  const { options } = request.definition;
  if (options.acksOnFailureOrTimeout ?? context.runtime.settings.taskAcksOnFailureOrTimeout)
    request.acknowledge();
  else request.reject(false);
  context.log(
    "error",
    `Task ${request.name}[${request.id}] raised ${error.exc_type}: ${repr(error.exc_message)}`,
  );
  context.events.task("task-failed", () => ({
    uuid: request.id,
    exception: `${error.exc_type}(${error.exc_message.map((arg) => repr(arg)).join(", ")})`,
    traceback,
  }));
}

/** The child died, not the task: it is run again, but not for ever, as the task may be what kills it. */
async function lose(context: WorkerContext, request: Request, reason: string): Promise<void> {
  const { settings } = context.runtime;
  const { options } = request.definition;
  const again =
    (options.acksLate ?? settings.taskAcksLate) &&
    (options.rejectOnWorkerLost ?? settings.taskRejectOnWorkerLost);
  const losses = (context.losses.get(request.id) ?? 0) + 1;
  context.log("error", `Task ${request.name}[${request.id}] lost its child (${losses}): ${reason}`);
  if (!again || losses > MOST_LOSSES) {
    context.losses.delete(request.id);
    return fail(context, request, encodeException(new WorkerLostError(reason)), null);
  }
  context.losses.set(request.id, losses);
  request.reject(true);
  context.events.task("task-rejected", () => ({ uuid: request.id, requeue: true }));
}

/** A task that kills its child so often is taken to be the cause. */
const MOST_LOSSES = 3;

/** A request that is not to run: revoked, expired, or stopped while it ran. */
export async function revoke(
  context: WorkerContext,
  request: Request,
  reason: "revoked" | "expired" | "terminated",
): Promise<void> {
  const error = encodeException(new TaskRevokedError(reason));
  await storeState(context, request, { status: "REVOKED", result: error, children: null });
  await afterChordMember(context, request, "REVOKED", error);
  await failChain(context, request, error, null);
  request.acknowledge();
  context.events.task("task-revoked", () => ({
    uuid: request.id,
    terminated: reason === "terminated",
    signum: reason === "terminated" ? 15 : null,
    expired: reason === "expired",
  }));
}

/** The new message goes out first: should this worker die in between, the task is tried twice rather than never. */
async function retry(context: WorkerContext, request: Request, outcome: Ended<"retry">): Promise<void> {
  const { args, kwargs, ...changed } = outcome.changes;
  const options = mergeOptions(resendOptions(request), {
    ...changed,
    countdown: undefined,
    eta: new Date(outcome.when),
    retries: request.headers.retries + 1,
  });
  const signature = wireSignature(request.name, {
    args: (args as unknown[] | undefined) ?? request.body.args,
    kwargs: (kwargs as Record<string, unknown> | undefined) ?? request.body.kwargs,
    options,
  });
  await context.runtime.publisher.send(taskCall(context.runtime, signature, request.embed.chain ?? []));
  const { error, traceback } = outcome;
  await storeState(context, request, { status: "RETRY", result: error, traceback });
  request.acknowledge();
  context.events.task("task-retried", () => ({
    uuid: request.id,
    exception:
      error === null ? "Retry" : `${error.exc_type}(${error.exc_message.map((a) => repr(a)).join(", ")})`,
    traceback,
  }));
}

/** Everything about the present message that its successor keeps. */
function resendOptions(request: Request): WireOptions {
  const { headers, embed, delivery } = request;
  return {
    task_id: headers.id,
    root_id: headers.rootId,
    parent_id: headers.id,
    group_id: headers.group,
    group_index: headers.groupIndex,
    shadow: headers.shadow,
    expires: headers.expires === null ? undefined : new Date(headers.expires),
    time_limit: headers.timeLimit[0] ?? undefined,
    soft_time_limit: headers.timeLimit[1] ?? undefined,
    ignore_result: headers.ignoreResult,
    headers: headers.extra,
    replaced_task_nesting: headers.replacedTaskNesting,
    stamped_headers: headers.stampedHeaders ?? undefined,
    ...headers.stamps,
    reply_to: request.replyTo,
    link: embed.callbacks ?? undefined,
    link_error: embed.errbacks ?? undefined,
    chord: embed.chord ?? undefined,
    chain: embed.chain ?? undefined,
    queue: delivery.queue,
    priority: delivery.message.properties.priority,
  };
}

/** The replacement takes over the id and whatever hung on it: links, chain, group, chord. */
async function replace(context: WorkerContext, request: Request, signature: WireSignature): Promise<void> {
  const { eta: _eta, queue: _queue, chain: _chain, ...kept } = resendOptions(request);
  const inherited = { ...kept, replaced_task_nesting: request.headers.replacedTaskNesting + 1 };
  const replacement = replacementOf(signature, inherited);
  const chain = request.embed.chain ?? [];
  const { id, rootId, stampedHeaders, stamps } = request.headers;
  await asCurrentTask({ id, rootId, stampedHeaders, stamps, children: [] }, () =>
    plan(context.runtime, replacement, { chain }).send(),
  );
  request.acknowledge();
}

/** A group in place of a task becomes a chord that collects the results under the task's id. */
function replacementOf(signature: WireSignature, inherited: WireOptions): WireSignature {
  if (signature.subtask_type !== "group") return withOptions(signature, inherited);
  const body = wireSignature("celery.accumulate", { kwargs: { index: 0 }, options: inherited });
  return wireSignature("celery.chord", {
    kwargs: { header: signature, body, kwargs: {} },
    subtask_type: "chord",
  });
}

function timeLimitError(seconds: number): WireError {
  return { ...encodeException(new TimeLimitExceeded(`${seconds}`)), exc_message: [seconds] };
}
