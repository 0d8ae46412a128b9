import type { ResultBackend, ResultTuple } from "../backends/backend.ts";
import { READY_STATES } from "../backends/backend.ts";
import type { TaskHeaders } from "../protocol/task-message.ts";
import { toIso } from "../protocol/time.ts";
import { encodeException, tracebackOf } from "../protocol/exceptions.ts";
import type { WorkerContext } from "./context.ts";
import type { Request } from "./request.ts";

export interface State {
  readonly status: string;
  readonly result: unknown;
  readonly traceback?: string | null;
  readonly children?: readonly ResultTuple[] | null;
}

/** Stores a state of the request's task, unless its result is ignored. */
export async function storeState(context: WorkerContext, request: Request, state: State): Promise<void> {
  if (context.backend === undefined || request.headers.ignoreResult) return;
  const extended = context.runtime.settings.resultExtended ? extendedFields(context, request) : undefined;
  await storeMeta(context.backend, request.headers, request.replyTo, state, extended);
}

/** Stores a state for headers alone, e.g. of a message that could not become a request. */
export async function storeMeta(
  backend: ResultBackend | undefined,
  headers: Pick<TaskHeaders, "id" | "parentId" | "group">,
  replyTo: string,
  state: State,
  extended?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const meta = {
    status: state.status,
    result: state.result,
    traceback: state.traceback ?? null,
    children: state.children === undefined ? [] : state.children,
    date_done: READY_STATES.has(state.status) ? toIso(Date.now()) : null,
    ...(headers.parentId === null ? {} : { parent_id: headers.parentId }),
    ...(headers.group === null ? {} : { group_id: headers.group }),
    ...extended,
    task_id: headers.id,
  };
  await backend?.store(meta, { replyTo: replyTo === "" ? undefined : replyTo });
}

/** A failure's state, from the live error. */
export function failureState(error: unknown, traceback: string | null = tracebackOf(error)): State {
  return { status: "FAILURE", result: encodeException(error), traceback };
}

function extendedFields(context: WorkerContext, request: Request): Record<string, unknown> {
  const { headers, body, delivery } = request;
  return {
    name: headers.task,
    args: body.args,
    kwargs: body.kwargs,
    worker: context.node,
    retries: headers.retries,
    queue: delivery.queue,
    ...(headers.stampedHeaders === null
      ? {}
      : { stamped_headers: headers.stampedHeaders, ...headers.stamps }),
  };
}
