import { ChordError } from "../../core/index.ts";
import type { ChordParts, ResultTuple } from "../backends/backend.ts";
import { plan } from "../canvas/plan.ts";
import { taskIdsIn } from "../canvas/shape.ts";
import { groupOf, kindOf } from "../canvas/wire.ts";
import { asCurrentTask, type CurrentTask } from "../request.ts";
import { encodeException, type WireError } from "../protocol/exceptions.ts";
import { repr } from "../protocol/repr.ts";
import type { WireSignature } from "../protocol/task-message.ts";
import type { WorkerContext } from "./context.ts";
import type { Request } from "./request.ts";
import { storeMeta } from "./store.ts";

/** Sends the links and the next step of the chain; gives their results, which become children of the task. */
export async function afterSuccess(
  context: WorkerContext,
  request: Request,
  value: unknown,
): Promise<readonly ResultTuple[]> {
  const { callbacks, chain } = request.embed;
  if ((callbacks === null || callbacks.length === 0) && (chain === null || chain.length === 0)) return [];
  const children: ResultTuple[] = [];
  await asCurrentTask(currentOf(request, children), async () => {
    for (const callback of joined(callbacks ?? [])) await apply(context, request, callback, [value], []);
    const next = chain?.at(-1);
    if (next !== undefined) await apply(context, request, next, [value], chain!.slice(0, -1));
  });
  return children;
}

/** The other elements of a chain never run: each is given the failure, so that nobody waits for ever. */
export async function failChain(
  context: WorkerContext,
  request: Request,
  error: WireError,
  traceback: string | null,
): Promise<void> {
  for (const element of (request.embed.chain ?? []).toReversed()) {
    const group = element.options["group_id"];
    for (const id of taskIdsIn(element)) {
      const headers = { id, parentId: request.id, group: typeof group === "string" ? group : null };
      await storeMeta(context.backend, headers, replyToOf(element, request), {
        status: "FAILURE",
        result: error,
        traceback,
      });
    }
    const chord = element.options["chord"] as WireSignature | undefined | null;
    if (chord === undefined || chord === null || typeof group !== "string") continue;
    const index = element.options["group_index"];
    const part = { groupId: group, groupIndex: typeof index === "number" ? index : null };
    const id = String(element.options["task_id"]);
    await reportToChord(context, request, chord, { ...part, taskId: id, state: "FAILURE", result: error });
  }
}

/** Sends the errbacks in the old style that any language understands: with the id of the failed task. */
export async function sendErrbacks(
  context: WorkerContext,
  request: Request,
  errbacks: readonly WireSignature[] | null,
  failedId: string = request.id,
): Promise<void> {
  if (errbacks === null || errbacks.length === 0) return;
  const members = errbacks.map((errback) => ({
    ...errback,
    args: [failedId, ...errback.args],
    immutable: false,
  }));
  const options = { parent_id: failedId, root_id: request.headers.rootId };
  await asCurrentTask(currentOf(request, []), () =>
    plan(context.runtime, groupOf(members), { options }).send(),
  );
}

/** Counts the request as done in its chord, and sends the body when it was the last. */
export async function afterChordMember(
  context: WorkerContext,
  request: Request,
  state: string,
  result: unknown,
): Promise<void> {
  const { chord } = request.embed;
  const { group, groupIndex, id } = request.headers;
  if (chord === null || group === null) return;
  await reportToChord(context, request, chord, { groupId: group, groupIndex, taskId: id, state, result });
}

interface Part {
  readonly groupId: string;
  readonly groupIndex: number | null;
  readonly taskId: string;
  readonly state: string;
  readonly result: unknown;
}

async function reportToChord(
  context: WorkerContext,
  request: Request,
  body: WireSignature,
  part: Part,
): Promise<void> {
  const counter = context.backend?.chords;
  if (counter === undefined) return;
  const parts = await counter.addPart(part);
  if (parts === null) return;
  const failed = parts.find(([, , state]) => state === "FAILURE" || state === "REVOKED");
  if (failed !== undefined) return failChord(context, request, body, failed);
  const options = { parent_id: request.id, root_id: request.headers.rootId };
  const results = parts.map(([, , , result]) => result);
  await asCurrentTask(currentOf(request, []), () =>
    plan(
      context.runtime,
      { ...body, immutable: false },
      { args: chordArguments(body, results), options },
    ).send(),
  );
  await counter.finish(part.groupId);
}

function chordArguments(body: WireSignature, results: readonly unknown[]): readonly unknown[] {
  return body.immutable && kindOf(body) === "task" ? [] : [results];
}

async function failChord(
  context: WorkerContext,
  request: Request,
  body: WireSignature,
  [, id, , result]: ChordParts[number],
): Promise<void> {
  const error = new ChordError(`Dependency ${id} raised ${reprError(result)}`);
  const wire = encodeException(error);
  const ids = taskIdsIn(body);
  const own = body.options["task_id"];
  if (typeof own === "string" && !ids.includes(own)) ids.push(own);
  for (const bodyId of ids) {
    await storeMeta(
      context.backend,
      { id: bodyId, parentId: request.id, group: null },
      replyToOf(body, request),
      {
        status: "FAILURE",
        result: wire,
        traceback: null,
      },
    );
  }
  const errbacks = body.options["link_error"] as WireSignature[] | undefined;
  await sendErrbacks(context, request, errbacks ?? null, ids.at(-1) ?? request.id);
  await failOuterChord(context, request, body, wire);
}

/** The body may itself be a member of another chord, which must not wait for it. */
async function failOuterChord(
  context: WorkerContext,
  request: Request,
  body: WireSignature,
  error: WireError,
): Promise<void> {
  const { chord, group_id, group_index, task_id } = body.options;
  if (chord === undefined || chord === null || typeof group_id !== "string") return;
  await reportToChord(context, request, chord as WireSignature, {
    groupId: group_id,
    groupIndex: typeof group_index === "number" ? group_index : null,
    taskId: String(task_id),
    state: "FAILURE",
    result: error,
  });
}

function reprError(result: unknown): string {
  const error = result as Partial<WireError> | null;
  if (typeof error !== "object" || error === null || error.exc_type === undefined) return repr(result);
  return `${error.exc_type}(${(error.exc_message ?? []).map((arg) => repr(arg)).join(", ")})`;
}

async function apply(
  context: WorkerContext,
  request: Request,
  signature: WireSignature,
  args: readonly unknown[],
  chain: readonly WireSignature[],
): Promise<void> {
  const options = { parent_id: request.id, root_id: request.headers.rootId };
  await plan(context.runtime, signature, { args, chain, options }).send();
}

/** Several plain callbacks go as one group, as Celery sends them; workflows go one by one. */
function joined(callbacks: readonly WireSignature[]): readonly WireSignature[] {
  const plain = callbacks.filter((callback) => kindOf(callback) === "task");
  if (plain.length < 2) return callbacks;
  return [groupOf(plain), ...callbacks.filter((callback) => kindOf(callback) !== "task")];
}

function currentOf(request: Request, children: ResultTuple[]): CurrentTask {
  const { id, rootId, stampedHeaders, stamps } = request.headers;
  return { id, rootId, stampedHeaders, stamps, children };
}

function replyToOf(signature: WireSignature, request: Request): string {
  const own = signature.options["reply_to"];
  return typeof own === "string" ? own : request.replyTo;
}
