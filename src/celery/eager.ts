import { randomUUID } from "node:crypto";
import { NotRegistered } from "../core/index.ts";
import type { TaskState } from "./backends/backend.ts";
import { taskCall } from "./canvas/call.ts";
import type { Invocation } from "./context.ts";
import { execute } from "./execute.ts";
import { decodeException } from "./protocol/exceptions.ts";
import type { WireSignature } from "./protocol/task-message.ts";
import { anonymousNode, type TaskCall } from "./publisher.ts";
import type { Runtime } from "./runtime.ts";

/** The result of a task that ran here and now. Python: `EagerResult`. */
export class EagerResult<R> {
  readonly id: string;
  readonly state: TaskState;
  readonly result: unknown;
  readonly traceback: string | null;

  constructor(id: string, state: TaskState, result: unknown, traceback: string | null) {
    this.id = id;
    this.state = state;
    this.result = result;
    this.traceback = traceback;
  }

  async get(): Promise<R> {
    if (this.state === "FAILURE") throw this.result;
    return this.result as R;
  }

  successful(): boolean {
    return this.state === "SUCCESS";
  }

  failed(): boolean {
    return this.state === "FAILURE";
  }
}

/** Runs a single task in this thread, its retries included, without waiting between them. */
export async function applyEagerly<R>(runtime: Runtime, signature: WireSignature): Promise<EagerResult<R>> {
  const call = taskCall(runtime, signature, []);
  return runEagerly<R>(runtime, call);
}

async function runEagerly<R>(runtime: Runtime, call: TaskCall): Promise<EagerResult<R>> {
  const definition = runtime.tasks.get(call.headers.task);
  if (definition === undefined)
    throw new NotRegistered(`No task ${JSON.stringify(call.headers.task)} is defined here`);
  let headers = call.headers;
  for (;;) {
    const invocation: Invocation = {
      headers,
      args: call.body.args,
      kwargs: call.body.kwargs,
      replyTo: "",
      hostname: anonymousNode,
      deliveryInfo: { exchange: "", routingKey: "", priority: 0, redelivered: false },
    };
    const outcome = await execute(definition, invocation, { isEager: true, storeState: async () => {} });
    const id = headers.id === "" ? randomUUID() : headers.id;
    if (outcome.kind === "retry") {
      headers = { ...headers, retries: headers.retries + 1 };
      continue;
    }
    if (outcome.kind === "success") return new EagerResult<R>(id, "SUCCESS", outcome.value, null);
    if (outcome.kind === "failure") {
      const error = decodeException(outcome.error, outcome.traceback, runtime.errors);
      return new EagerResult<R>(id, "FAILURE", error, outcome.traceback);
    }
    return new EagerResult<R>(id, outcome.kind.toUpperCase(), null, null);
  }
}
