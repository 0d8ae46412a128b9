import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { currentTask } from "../asyncio/index.ts";
import { BlockingCallError, requireFunction, requireOneOf, requireSeconds } from "../core/index.ts";
import {
  BLOCKING_MODULES,
  OFFLOADABLE,
  blockingHolders,
  blockingNames,
  blocksWith,
  insteadOf,
} from "./blocking-calls.ts";

export interface PatchOptions {
  /**
   * "warn" (default) lets the call block and says so; "throw" refuses it; "offload" carries calls whose result is not
   * needed (writing, deleting, renaming files) out in the background, in their order, and warns about all others.
   */
  readonly mode?: "warn" | "throw" | "offload" | undefined;
  /** Seconds that a call may block without being reported; default 0. */
  readonly minimum?: number | undefined;
  /** Takes each report; default: a process warning per place. */
  readonly onBlocking?: ((call: BlockingCall) => void) | undefined;
}

/** One place in the program that blocked greenlets. */
export interface BlockingCall {
  /** `fs.readFileSync` */
  readonly call: string;
  /** `file:line:column` */
  readonly site: string;
  /** The greenlet or task it blocked in. */
  readonly task: string;
  readonly instead: string;
  /** How often, and the seconds altogether, so far. */
  readonly count: number;
  readonly seconds: number;
}

/**
 * Puts a guard before every known blocking call (`fs`, `child_process`, `crypto` and `zlib` `...Sync`, what of `crypto`
 * blocks without a callback, `Atomics.wait`, heap snapshots, `node:sqlite`), for CommonJS and ES modules alike.
 * JavaScript cannot make a synchronous call wait cooperatively, as gevent's monkey patching does in Python; what it can
 * do is to name each one that blocks greenlets, with the place, the time it took, and what to write instead. Calls
 * outside greenlets and tasks (start-up code) pass untouched, and so do Node's own. Costs about 0.1 us per guarded call.
 * On Node 22 `node:sqlite` is guarded if it was imported before. `unpatchAll` takes everything back.
 */
export function patchAll(options: PatchOptions = {}): void {
  const guard = checked(options);
  for (const module of Object.keys(BLOCKING_MODULES)) patchModule(module, guard);
  for (const [owner, { holder, names }] of Object.entries(blockingHolders())) {
    for (const name of names) patchFunction(holder, name, `${owner}.${name}`, guard);
  }
  syncBuiltinESMExports();
}

/** The guard for `fs` only. */
export function patchFs(options: PatchOptions = {}): void {
  patchModule("fs", checked(options));
  syncBuiltinESMExports();
}

/** Whether a module (or one function, `"fs.readFileSync"`) is guarded; without a name, whether anything is. */
export function isPatched(name?: string): boolean {
  if (name === undefined) return originals.size > 0;
  return [...originals.keys()].some((call) => call === name || call.startsWith(`${name}.`));
}

/** Takes the guard away again. */
export function unpatchAll(): void {
  for (const [call, restore] of originals) {
    restore();
    originals.delete(call);
  }
  syncBuiltinESMExports();
}

/** Every place that blocked a greenlet so far, the longest first. */
export function blockingCalls(): BlockingCall[] {
  return [...places.values()].toSorted((a, b) => b.seconds - a.seconds);
}

/** Waits until everything that "offload" put in the background is done. */
export function offloaded(): Promise<void> {
  return background;
}

const originals = new Map<string, () => void>();
const places = new Map<string, BlockingCall>();
let background: Promise<void> = Promise.resolve();

interface Guard {
  readonly mode: "warn" | "throw" | "offload";
  readonly minimum: number;
  readonly onBlocking: ((call: BlockingCall) => void) | undefined;
}

function checked(options: PatchOptions): Guard {
  const { onBlocking } = options;
  if (onBlocking !== undefined) requireFunction("onBlocking", onBlocking);
  return {
    mode: requireOneOf("mode", options.mode ?? "warn", ["warn", "throw", "offload"]),
    minimum: requireSeconds("minimum", options.minimum ?? 0),
    onBlocking,
  };
}

function patchModule(module: string, guard: Guard): void {
  const exports = BLOCKING_MODULES[module]!;
  for (const name of blockingNames(module)) patchFunction(exports, name, `${module}.${name}`, guard);
}

function patchFunction(holder: Record<string, unknown>, name: string, call: string, guard: Guard): void {
  originals.get(call)?.();
  const property = Object.getOwnPropertyDescriptor(holder, name);
  if (property === undefined || !("value" in property) || !property.configurable) return;
  const original = property.value as (...args: unknown[]) => unknown;
  const guarded = guardOf(original, call, guard);
  Object.defineProperties(guarded, {
    ...Object.getOwnPropertyDescriptors(original),
    name: { value: name, configurable: true },
  });
  Object.defineProperty(holder, name, { ...property, value: guarded });
  originals.set(call, () => void Object.defineProperty(holder, name, property));
}

function guardOf(
  original: (...args: unknown[]) => unknown,
  call: string,
  guard: Guard,
): (...args: unknown[]) => unknown {
  const offload = guard.mode === "offload" && OFFLOADABLE.has(call);
  const blocks = blocksWith(call);
  return function guarded(this: unknown, ...args: unknown[]): unknown {
    const task = currentTask();
    if (task === undefined || blocks?.(args) === false) return original.apply(this, args);
    if (guard.mode === "throw" || offload) {
      const site = callSite(guarded);
      if (site === undefined) return original.apply(this, args);
      if (offload) return inBackground(call, args);
      throw new BlockingCallError(
        `${call} at ${site} would block every greenlet (called in "${task.name}"); use ${insteadOf(call)}`,
      );
    }
    const start = performance.now();
    try {
      return original.apply(this, args);
    } finally {
      const seconds = (performance.now() - start) / 1000;
      if (seconds >= guard.minimum) note(call, task.name, seconds, guarded, guard.onBlocking);
    }
  };
}

/** Where the user's code made the call, or undefined if it was Node itself (loading a module, say). */
function callSite(below: (...args: any[]) => unknown): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = limit;
  const place = holder.stack?.match(/\(?([^\s(]+:\d+:\d+)\)?$/)?.[1];
  return place === undefined || place.startsWith("node:") ? undefined : place.replace(/^file:\/\//, "");
}

function note(
  call: string,
  task: string,
  seconds: number,
  below: (...args: any[]) => unknown,
  onBlocking: Guard["onBlocking"],
): void {
  const site = callSite(below);
  if (site === undefined) return;
  const key = `${call} ${site}`;
  const before = places.get(key);
  const place: BlockingCall = {
    call,
    site,
    task,
    instead: insteadOf(call),
    count: (before?.count ?? 0) + 1,
    seconds: (before?.seconds ?? 0) + seconds,
  };
  places.set(key, place);
  if (onBlocking !== undefined) onBlocking(place);
  else if (before === undefined) warnOf(place);
}

function warnOf({ call, site, task, instead, seconds }: BlockingCall): void {
  process.emitWarning(
    `${call} at ${site} blocked every greenlet for ${(seconds * 1000).toFixed(1)} ms (called in "${task}"); use ${instead}`,
    "SpoolBlockingWarning",
  );
}

/** One after the other, since a rename must not overtake the write before it. */
function inBackground(call: string, args: unknown[]): undefined {
  const base = call.slice("fs.".length, -"Sync".length) as "writeFile";
  const run = fs.promises[base] as (...rest: unknown[]) => Promise<unknown>;
  background = background
    .then(() => run(...args))
    .then(
      () => {},
      (error: unknown) =>
        process.emitWarning(`${call}, offloaded, failed: ${String(error)}`, "SpoolBlockingWarning"),
    );
  return undefined;
}
