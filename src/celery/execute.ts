import { Ignore, Reject, Replace, Retry } from "../core/index.ts";
import type { ResultTuple } from "./backends/backend.ts";
import { TaskRequest, type ContextPorts, type Invocation } from "./context.ts";
import type { TaskDefinition } from "./definition.ts";
import { autoretry } from "./middleware/autoretry.ts";
import { checkSchema } from "./middleware/schema.ts";
import { softTimeLimit } from "./middleware/soft-time-limit.ts";
import { bindArguments, parametersOf } from "./parameters.ts";
import { asCurrentTask } from "./request.ts";
import { encodeException, tracebackOf, type WireError } from "./protocol/exceptions.ts";
import type { WireSignature } from "./protocol/task-message.ts";

/** How a run of a task ended, as plain data, so that it can come from a thread or process. */
export type Outcome = { readonly children: readonly ResultTuple[]; readonly seconds: number } & (
  | { readonly kind: "success"; readonly value: unknown }
  | { readonly kind: "failure"; readonly error: WireError; readonly traceback: string | null }
  | {
      readonly kind: "retry";
      readonly when: number;
      readonly changes: Readonly<Record<string, unknown>>;
      readonly error: WireError | null;
      readonly traceback: string | null;
    }
  | { readonly kind: "replace"; readonly signature: WireSignature }
  | { readonly kind: "ignore" }
  | { readonly kind: "reject"; readonly requeue: boolean }
);

/** Calls the task's function with its arguments. Each middleware wraps one of these in another. */
type Run = (request: TaskRequest, args: readonly unknown[]) => unknown;

/** Runs one task in this thread. Never rejects: whatever happens is an outcome. */
export async function execute(
  definition: TaskDefinition,
  invocation: Invocation,
  ports: ContextPorts,
  onRequest?: (request: TaskRequest) => void,
): Promise<Outcome> {
  const request = new TaskRequest(definition, invocation, ports);
  onRequest?.(request);
  const started = performance.now();
  const ended = (): { children: readonly ResultTuple[]; seconds: number } => ({
    children: request.children,
    seconds: (performance.now() - started) / 1000,
  });
  try {
    const value = await asCurrentTask(request, () => runOf(definition, invocation)(request, invocation.args));
    return { kind: "success", value: value === undefined ? null : value, ...ended() };
  } catch (error) {
    return { ...outcomeOf(error), ...ended() };
  }
}

function runOf(definition: TaskDefinition, invocation: Invocation): Run {
  const { options } = definition;
  let run: Run = (request, args) => callTask(definition, request, args);
  if (options.schema !== undefined) run = checkSchema(run, options.schema);
  if (invocation.headers.timeLimit[1] !== null) run = softTimeLimit(run, invocation.headers.timeLimit[1]);
  if (options.autoretryFor !== undefined) run = autoretry(run, options);
  return run;
}

function callTask(definition: TaskDefinition, request: TaskRequest, args: readonly unknown[]): unknown {
  const parameters =
    definition.options.params === undefined
      ? parametersOf(definition.fn)
      : { names: definition.options.params, required: 0, rest: false };
  const given = definition.bound ? [request, ...args] : args;
  if (definition.ignoreKwargs === true) return definition.fn(...given);
  return definition.fn(...bindArguments(definition.name, parameters, given, request.kwargs));
}

type End<O = Outcome> = O extends unknown ? Omit<O, "children" | "seconds"> : never;

function outcomeOf(error: unknown): End {
  if (error instanceof Retry) {
    const cause = error.cause;
    return {
      kind: "retry",
      when: error.when,
      changes: error.changes,
      error: cause === undefined ? null : encodeException(cause),
      traceback: tracebackOf(cause ?? error),
    };
  }
  if (error instanceof Replace) return { kind: "replace", signature: error.signature as WireSignature };
  if (error instanceof Ignore) return { kind: "ignore" };
  if (error instanceof Reject) return { kind: "reject", requeue: error.requeue };
  return { kind: "failure", error: encodeException(error), traceback: tracebackOf(error) };
}
