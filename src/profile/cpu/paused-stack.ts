import { setTimeout as delay } from "node:timers/promises";
import type { CdpSession } from "../attach/session.ts";
import { FrameTable, kindOf } from "../model/frame.ts";
import type { Local, StackFrame, ThreadRef, ThreadStack } from "../model/sample.ts";
import { samplesOf } from "../model/v8-profile.ts";
import type { V8Profile } from "../model/v8-types.ts";

/** Milliseconds for a thread that runs JavaScript to stop; one that does not stop is looked at by sampling. */
const STOP_MS = 100;
/** Milliseconds of sampling for a thread that did not stop. */
const LOOK_MS = 20;
/** Longest text shown for one value. */
const LONGEST_VALUE = 80;

interface CallFrame {
  readonly functionName: string;
  readonly functionLocation?: { readonly lineNumber: number; readonly columnNumber?: number };
  readonly location: { readonly scriptId: string; readonly lineNumber: number };
  readonly scopeChain: readonly { readonly type: string; readonly object: { readonly objectId?: string } }[];
}

interface Property {
  readonly name: string;
  readonly value?: { readonly type: string; readonly description?: string; readonly value?: unknown };
}

/** One thread's stack through the inspector: stops it for a few milliseconds if it runs JavaScript. */
export async function pausedStack(
  session: CdpSession,
  thread: ThreadRef,
  locals: boolean,
): Promise<ThreadStack> {
  const paused = Promise.withResolvers<readonly CallFrame[]>();
  const urls = new Map<string, string>();
  const offScripts = session.on<{ scriptId: string; url: string }>(
    "Debugger.scriptParsed",
    ({ scriptId, url }) => urls.set(scriptId, url),
  );
  const off = session.on<{ callFrames: readonly CallFrame[] }>("Debugger.paused", (event) =>
    paused.resolve(event.callFrames),
  );
  try {
    await session.send("Debugger.enable");
    await session.send("Debugger.pause");
    const stopped = await Promise.race([paused.promise, delay(STOP_MS, undefined)]);
    if (stopped !== undefined) {
      const frames = await Promise.all(stopped.map((frame) => stackFrame(session, frame, urls, locals)));
      return { thread, engine: "inspector", state: "running", frames };
    }
  } finally {
    off();
    offScripts();
    // Lets a stopped thread go on, and takes back a stop that has not happened yet.
    await session.send("Debugger.disable").catch(() => undefined);
  }
  return sampledStack(session, thread);
}

async function stackFrame(
  session: CdpSession,
  frame: CallFrame,
  urls: ReadonlyMap<string, string>,
  locals: boolean,
): Promise<StackFrame> {
  const url = urls.get(frame.location.scriptId) ?? "";
  const line = frame.functionLocation?.lineNumber ?? frame.location.lineNumber;
  return {
    name: frame.functionName === "" ? "(anonymous)" : frame.functionName,
    url,
    line: line + 1,
    column: (frame.functionLocation?.columnNumber ?? 0) + 1,
    at: frame.location.lineNumber + 1,
    kind: kindOf(frame.functionName, url),
    ...(locals ? { locals: await localsOf(session, frame) } : {}),
  };
}

async function localsOf(session: CdpSession, frame: CallFrame): Promise<Local[]> {
  const scopes = frame.scopeChain.filter(({ type }) => type === "local" || type === "block");
  const found = new Map<string, string>();
  for (const { object } of scopes) {
    const { result } = await session.send<{ result: Property[] }>("Runtime.getProperties", {
      objectId: object.objectId,
      ownProperties: true,
    });
    for (const { name, value } of result) {
      if (value !== undefined && !found.has(name)) found.set(name, textOf(value));
    }
  }
  return [...found].map(([name, value]) => ({ name, value }));
}

function textOf(value: NonNullable<Property["value"]>): string {
  const text =
    value.type === "string" ? JSON.stringify(value.value) : (value.description ?? String(value.value));
  const line = value.type === "function" ? text.split("\n", 1)[0]! : text.replaceAll("\n", " ");
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE - 3)}...` : line;
}

async function sampledStack(session: CdpSession, thread: ThreadRef): Promise<ThreadStack> {
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 1000 });
  await session.send("Profiler.start");
  await delay(LOOK_MS);
  const { profile } = await session.send<{ profile: V8Profile }>("Profiler.stop");
  await session.send("Profiler.disable");
  const samples = samplesOf(profile, { thread, frames: new FrameTable(), origin: profile.startTime });
  // Our own commands are on the stack in the last sample or two; the longest state is what the thread is in.
  const weights = new Map<readonly StackFrame[], number>();
  for (const { stack, weight } of samples) weights.set(stack, (weights.get(stack) ?? 0) + weight);
  const [frames = []] = [...weights].sort((a, b) => b[1] - a[1])[0] ?? [];
  const leaf = frames.at(-1);
  const state = leaf === undefined || leaf.kind === "idle" ? "idle" : "native";
  return { thread, engine: "inspector", state, frames: [...frames].reverse() };
}
