import { map, chunks, starmap } from "./canvas/workflows.ts";
import type { CallOptions } from "./canvas/options.ts";
import { GroupSignature, Signature } from "./canvas/signature.ts";
import type { Missing, Suffixes } from "./canvas/types.ts";
import { toWireOptions } from "./canvas/options.ts";
import { wireSignature } from "./canvas/wire.ts";
import type { TaskDefinition, TaskOptions } from "./definition.ts";
import { applyEagerly, type EagerResult } from "./eager.ts";
import type { SentResult } from "./result.ts";
import type { Runtime } from "./runtime.ts";

/** A task: call it like the function it is (`add(1, 2)`, here and now), or send it to a worker. */
export type Task<A extends unknown[] = any[], R = unknown> = ((...args: A) => R) & TaskMethods<A, Awaited<R>>;

/** What a task can do besides being called. Python: `celery.app.task.Task`. */
class TaskMethods<A extends unknown[], R> {
  declare readonly runtime: Runtime;
  declare readonly definition: TaskDefinition;

  get taskName(): string {
    return this.definition.name;
  }

  get options(): TaskOptions {
    return this.definition.options;
  }

  /** Sends it with these arguments. `await` the result object to know that the broker has it, or `get()` the value. */
  delay(...args: A): SentResult<R> {
    return this.signature(args).applyAsync();
  }

  /** Sends it with options: countdown, eta, queue, priority, links ... */
  applyAsync(args: A, options: CallOptions = {}): SentResult<R> {
    return this.signature(args, options).applyAsync();
  }

  /** Runs it here and now, with everything around it as a worker would do it. Python: `Task.apply`. */
  apply(args: A, options: CallOptions = {}): Promise<EagerResult<R>> {
    return applyEagerly<R>(this.runtime, this.signature(args, options).toWire());
  }

  /** A signature; arguments left out in front are put there when it is called. */
  s<S extends Suffixes<A>>(...args: S): Signature<Missing<A, S>, R> {
    return this.signature(args as unknown as A) as unknown as Signature<Missing<A, S>, R>;
  }

  /** An immutable signature: nothing is ever put in front of its arguments. */
  si(...args: A): Signature<any[], R> {
    return this.signature(args).immutable();
  }

  signature(args: A, options: CallOptions = {}): Signature<[], R> {
    const { kwargs, ...rest } = options;
    return new Signature(
      this.runtime,
      wireSignature(this.definition.name, { args, kwargs: kwargs ?? {}, options: toWireOptions(rest) }),
    );
  }

  /** One message that runs it for each item, giving the list. */
  map(items: Iterable<A[0]>): Signature<any[], R[]> {
    return map<A, R>(this as never, items);
  }

  /** As `map`, with each item a list of arguments. */
  starmap(items: Iterable<A>): Signature<any[], R[]> {
    return starmap<A, R>(this as never, items);
  }

  /** A group of messages with `size` items each. */
  chunks(items: Iterable<A>, size: number): GroupSignature<any[], R[][]> {
    return chunks<A, R>(this as never, items, size);
  }
}

// A task is a function, so it keeps what every function has.
Object.setPrototypeOf(TaskMethods.prototype, Function.prototype);

/** Makes the callable task object. */
export function makeTask<A extends unknown[], R>(runtime: Runtime, definition: TaskDefinition): Task<A, R> {
  const call = (...args: A): unknown => definition.fn(...args);
  Object.setPrototypeOf(call, TaskMethods.prototype);
  Object.defineProperties(call, {
    runtime: { value: runtime },
    definition: { value: definition },
    name: { value: definition.name },
  });
  return call as unknown as Task<A, R>;
}

/** Whether a value is a task of any app. */
export function isTask(value: unknown): value is Task {
  return typeof value === "function" && value instanceof TaskMethods;
}
