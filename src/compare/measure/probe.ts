import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { ref } from "../../closures/index.ts";
import { type ThreadId, now } from "./counters.ts";

/** What one call of the function looked like from inside the worker. Plain data: it crosses to the main thread. */
export interface Sample {
  readonly index: number;
  readonly ok: boolean;
  /** The result, or the error's name and message: enough to see whether two models agree. */
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
  /** Seconds that this thread's loop has been idle in all, at the start and at the end. */
  readonly idleStart: number;
  readonly idleEnd: number;
  readonly worker: WorkerIdentity;
}

export interface WorkerIdentity extends ThreadId {
  /** Tells workers apart, also where the platform gives no thread ids. */
  readonly key: string;
}

export type Task = (item: unknown) => unknown;

/** Calls the function on one input and notes when; what it throws becomes data. */
export async function probe(fn: Task, index: number, item: unknown): Promise<Sample> {
  const idleStart = idle();
  const start = now();
  let ok = true;
  let value: unknown;
  try {
    value = fn(item);
    if (isThenable(value)) value = await value;
  } catch (error) {
    ok = false;
    value = describeError(error);
  }
  const end = now();
  return { index, ok, value, start, end, idleStart, idleEnd: idle(), worker: identity() };
}

/** Measures `fn`: one function for each comparison, so that it is captured and shipped only once. */
export function probed(fn: Task): (entry: Entry) => Promise<Sample> {
  return (entry) => probe(fn, entry[0], entry[1]);
}

/**
 * The same for a function that is known by name: nothing is captured, the worker imports the module.
 * @public found by its name
 */
export async function probeExport(entry: Entry, url: string, name: string): Promise<Sample> {
  const module = (await import(url)) as Record<string, Task>;
  return probe(module[name]!, entry[0], entry[1]);
}

/** Named rather than shipped, so that a function that is named too can be compared where capturing is not allowed. */
export const remoteProbe: (entry: Entry, url: string, name: string) => Promise<Sample> = ref<
  typeof probeExport
>(import.meta.url, "probeExport");
export const remoteHello: () => Promise<WorkerIdentity> = ref<typeof hello>(import.meta.url, "hello");

/** An input with its index. */
export type Entry = readonly [index: number, input: unknown];

/**
 * Says who runs it, and holds its worker long enough (without CPU) for the other workers to get a call of their own.
 * @public found by its name
 */
export function hello(): WorkerIdentity {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HOLD_MS);
  return identity();
}

const HOLD_MS = 2;

function idle(): number {
  return performance.eventLoopUtilization().idle / 1e3;
}

let known: WorkerIdentity | undefined;

function identity(): WorkerIdentity {
  known ??= { pid: process.pid, tid: nativeThreadId(), key: randomUUID() };
  return known;
}

function nativeThreadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").pop());
  } catch {
    return 0;
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
