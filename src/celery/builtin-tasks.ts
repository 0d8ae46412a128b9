import { Ignore, NotRegistered } from "../core/index.ts";
import { plan } from "./canvas/plan.ts";
import { membersOf } from "./canvas/shape.ts";
import { chainOf, chordOf, groupOf } from "./canvas/wire.ts";
import type { TaskRequest } from "./context.ts";
import type { TaskDefinition } from "./definition.ts";
import { bindArguments, parametersOf } from "./parameters.ts";
import { decodeSignature, type WireSignature } from "./protocol/task-message.ts";
import type { Runtime } from "./runtime.ts";

/** The tasks that every Celery worker has. */
export function builtinTasks(runtime: Runtime): TaskDefinition[] {
  const each = (wire: unknown, spread: boolean) => (items: readonly unknown[]) =>
    callEach(runtime, decodeSignature(wire), items, spread);
  return [
    builtin("celery.accumulate", (self: TaskRequest, ...args: unknown[]) => {
      const index = self.kwargs["index"];
      return typeof index === "number" ? args[index] : args;
    }),
    builtin("celery.backend_cleanup", async () => (await runtime.connections.backend()).cleanup()),
    builtin("celery.map", (self: TaskRequest) => each(self.kwargs["task"], false)(itemsOf(self))),
    builtin("celery.starmap", (self: TaskRequest) => each(self.kwargs["task"], true)(itemsOf(self))),
    builtin("celery.chain", (self: TaskRequest) => send(runtime, chainOf(partsOf(self)))),
    builtin("celery.group", (self: TaskRequest) => send(runtime, groupOf(partsOf(self)))),
    builtin("celery.chunks", (self: TaskRequest) => send(runtime, workflow("celery.chunks", self))),
    builtin("celery.chord", (self: TaskRequest) => {
      const body = decodeSignature(self.kwargs["body"]);
      return send(runtime, chordOf(partsOf(self), body));
    }),
    builtin("celery.chord_unlock", () => {
      throw new Ignore("Chords are counted by the backend here; there is nothing to unlock");
    }),
  ];
}

function builtin(name: string, fn: (self: TaskRequest, ...args: unknown[]) => unknown): TaskDefinition {
  // Keyword arguments are read from the request: these functions must not have them bound to parameters.
  const options = { ignoreKwargs: true };
  return { name, fn, options: {}, bound: true, builtin: true, ...options };
}

function itemsOf(self: TaskRequest): readonly unknown[] {
  const { it } = self.kwargs;
  return Array.isArray(it) ? it : [];
}

function partsOf(self: TaskRequest): WireSignature[] {
  return membersOf(workflow(self.task.name, self));
}

function workflow(task: string, self: TaskRequest): WireSignature {
  return decodeSignature({ task, kwargs: self.kwargs });
}

/** Calls the task's function here, once for each item; no messages are sent. */
async function callEach(
  runtime: Runtime,
  signature: WireSignature,
  items: readonly unknown[],
  spread: boolean,
): Promise<unknown[]> {
  const definition = runtime.tasks.get(signature.task);
  if (definition === undefined) throw new NotRegistered(signature.task);
  const parameters = parametersOf(definition.fn);
  const results: unknown[] = [];
  for (const item of items) {
    const args = spread ? (item as unknown[]) : [item];
    const given = [...args, ...signature.args];
    results.push(await definition.fn(...bindArguments(definition.name, parameters, given, signature.kwargs)));
  }
  return results;
}

async function send(runtime: Runtime, signature: WireSignature): Promise<null> {
  await plan(runtime, signature).send();
  return null;
}
