import { setTimeout as delay } from "node:timers/promises";
import { ProfilerError, requireOneOf } from "../../core/index.ts";
import { dumpStacks } from "../external/index.ts";
import { attach, type AttachOptions } from "./attach.ts";
import { WOKEN, WOKEN_BY_FORCE } from "./port.ts";
import type { InspectorSession } from "./session.ts";

export interface EngineOptions extends AttachOptions {
  /**
   * `inspector` enters the process; `external` reads it from outside and touches nothing. By default the inspector,
   * and the other one when the process cannot answer.
   */
  readonly engine?: "inspector" | "external" | undefined;
}

/** Milliseconds without an answer to our signal after which a look from outside decides whether to go on waiting. */
const LOOK_AFTER_MS = 300;
/** A call that is still the same one so many milliseconds later is one that does not return soon. */
const LOOK_AGAIN_MS = 200;
/** An idle loop would have answered by then, also on a busy machine: the program keeps SIGUSR1 for itself. */
const IDLE_AGAIN_MS = 900;
/** Milliseconds after which a process that looked able to answer is given up, because it never does. */
const GIVE_UP_MS = 4000;
/** What the inspector cannot enter and the external engine can. */
const OUTSIDE_HELPS = new Set([
  "PROFILER_NO_SIGNAL",
  "PROFILER_PORT_TAKEN",
  "PROFILER_OTHER_NAMESPACE",
  "PROFILER_NO_ANSWER",
]);

/**
 * An inspector session, or `"external"` when the process is to be read from outside: because that was asked for, or
 * because it does not answer (it is in a native call, traps SIGUSR1, or ignores it).
 */
export async function attachOrLookOutside(
  pid: number,
  options: EngineOptions = {},
): Promise<InspectorSession | "external"> {
  if (options.engine !== undefined) requireOneOf("engine", options.engine, ["inspector", "external"]);
  if (options.engine === "external") return "external";
  if (options.engine === "inspector") return attach(pid, options);
  const patience = new AbortController();
  let timers: readonly NodeJS.Timeout[] = [];
  const onNote = (line: string): void => {
    // Until it was woken it could not answer: others may have their turn at the port before us.
    if ((line === WOKEN || line === WOKEN_BY_FORCE) && timers.length === 0)
      timers = giveUpTimers(pid, patience);
    options.onNote?.(line);
  };
  const { signal: given } = options;
  const signal = given === undefined ? patience.signal : AbortSignal.any([given, patience.signal]);
  try {
    return await attach(pid, { ...options, signal, onNote });
  } catch (error) {
    const code = patience.signal.aborted ? "PROFILER_NO_ANSWER" : (error as ProfilerError).code;
    if (!OUTSIDE_HELPS.has(code) || !(await canLook(pid))) throw error;
    options.onNote?.(`reading process ${pid} from outside: ${reasonOf(error)}`);
    return "external";
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function giveUpTimers(pid: number, patience: AbortController): NodeJS.Timeout[] {
  const giveUp = (): void => patience.abort(new ProfilerError("it does not answer the inspector"));
  const look = async (): Promise<void> => {
    const first = await stuckIn(pid);
    if (first === undefined) return;
    await delay(first === IDLE ? IDLE_AGAIN_MS : LOOK_AGAIN_MS, undefined, { ref: false });
    if ((await stuckIn(pid)) === first) giveUp();
  };
  const late = async (): Promise<void> => {
    if (await canLook(pid)) giveUp();
  };
  return [setTimeout(look, LOOK_AFTER_MS), setTimeout(late, GIVE_UP_MS)];
}

const IDLE = "idle";

/** What keeps a main thread from answering: the native call it is in, as text, or nothing at all (it is idle). */
async function stuckIn(pid: number): Promise<string | undefined> {
  const main = (await dumpStacks(pid).catch(() => [])).find(({ thread }) => thread.thread === 0);
  if (main?.state === "idle") return IDLE;
  if (main?.state !== "native") return undefined;
  return main.frames.map((frame) => `${frame.name} ${frame.url}`).join("\n");
}

async function canLook(pid: number): Promise<boolean> {
  return dumpStacks(pid).then(
    () => true,
    () => false,
  );
}

function reasonOf(error: unknown): string {
  return (error as Error).message.replace(/: (use|try) .*$|, or use --external$/, "");
}
