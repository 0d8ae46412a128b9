import { unpackArguments } from "../../closures/index.ts";
import { TaskScope, enterScope, isThenable, leaveScope, runChunk } from "../../futures/index.ts";
import { unpackItems } from "../chunk-codec.ts";
import { Op, type RunExtras } from "../protocol.ts";
import type { AnyFunction, Entry } from "./functions.ts";
import type { OutgoingStream } from "./outgoing-stream.ts";

/** A task in this worker: waiting in the queue, or under way. */
export interface Job {
  readonly op: number;
  readonly id: number;
  readonly entry: Entry;
  readonly body: unknown;
  readonly extras: RunExtras | undefined;
  scope: TaskScope | undefined;
  stream: OutgoingStream | undefined;
  begun: boolean;
  cancelled: boolean;
  started: number;
}

/** Calls the function of a job, which is loaded; gives what it returns, or a promise of it. */
export function callJob(job: Job, restoreContext: AnyFunction | undefined): unknown {
  if (job.op !== Op.RUN) return callChunk(job, restoreContext);
  const args = unpackArguments(job.body);
  return Array.isArray(args)
    ? invoke(job, args, restoreContext)
    : args.then((list) => invoke(job, list, restoreContext));
}

function callChunk(job: Job, restoreContext: AnyFunction | undefined): unknown {
  const items = unpackItems(job.body);
  const run = (list: ArrayLike<unknown>): unknown =>
    scoped(job, restoreContext, () => runChunk(job.entry.fn!, list, job.op === Op.STARMAP));
  return isThenable(items) ? items.then((list) => run(list)) : run(items);
}

function invoke(job: Job, args: unknown[], restoreContext: AnyFunction | undefined): unknown {
  // Taken out first: called as a method, it would get the entry as its `this`.
  const fn = job.entry.fn!;
  if (job.extras !== undefined) return scoped(job, restoreContext, () => fn(...args));
  const outer = enterScope((job.scope = new TaskScope()));
  try {
    return fn(...args);
  } finally {
    leaveScope(outer);
  }
}

function scoped(job: Job, restoreContext: AnyFunction | undefined, fn: () => unknown): unknown {
  const outer = enterScope((job.scope = new TaskScope()));
  const { extras } = job;
  try {
    if (restoreContext === undefined || extras === undefined || !("context" in extras)) return fn();
    return restoreContext(extras.context, fn);
  } finally {
    leaveScope(outer);
  }
}
