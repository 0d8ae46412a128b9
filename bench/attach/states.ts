import { createServer } from "node:net";
import { attach, attachOrLookOutside, type EngineOptions, record } from "../../src/profile/index.ts";
import { evaluate } from "../../src/profile/attach/protocol.ts";
import { footprint, settled } from "../../test/profile/footprint.ts";
import { startTarget, type Target, type TargetOptions } from "../../test/support/target.ts";

/** What came of looking into one process in one state. */
export interface Visit {
  readonly engine: "inspector" | "external";
  /** Milliseconds until the process was entered, or until it was known that it is to be read from outside. */
  readonly ms: number;
  /** What was found there, in words. */
  readonly found: string;
  /** The process had the ports, threads, descriptors and handlers afterwards that it had before. */
  readonly asBefore: boolean;
}

export interface State {
  readonly name: string;
  /** Lines that have no such state. */
  readonly except?: readonly string[];
  visit(node: string): Promise<Visit>;
}

/** The states of a Node process in which it is to be looked into, from harmless to hopeless. */
export const STATES: readonly State[] = [
  state("idle", "idle"),
  state("CPU loop", "shares"),
  state("`while (true)`", "forever"),
  state("catastrophic regular expression", "regex"),
  state("`Atomics.wait` on the main thread", "atomics"),
  state("inside `execSync`", "execsync"),
  state("SIGUSR1 trapped by the program", "trapped"),
  { name: "SIGUSR1 trapped, `--force`", visit: byForce },
  { ...state("`--disable-sigusr1`", "idle", ["--disable-sigusr1"]), except: ["20"] },
  { name: "port taken by something else", visit: (node) => portTaken(node) },
  { name: "port taken, `--force`", visit: (node) => portTaken(node, { force: true }) },
  { name: "three at once", visit: threeAtOnce },
  state("three worker threads", "workers"),
  state("three child processes", "children"),
  { name: "exits while it is watched", visit: exits },
];

function state(name: string, mode: string, execArgv: readonly string[] = []): State {
  return { name, visit: (node) => withTarget(mode, { node, execArgv }, (target) => look(target)) };
}

async function withTarget<T>(
  mode: string,
  options: TargetOptions,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const target = await startTarget(mode, options);
  try {
    // Its work begins a moment after it said that it is ready.
    await new Promise((done) => setTimeout(done, 400));
    return await use(target);
  } finally {
    await target.stop();
  }
}

function byForce(node: string): Promise<Visit> {
  return withTarget("trapped", { node }, (target) => look(target, { force: true }));
}

async function look({ pid }: Target, options: EngineOptions = {}): Promise<Visit> {
  const before = footprint(pid);
  const began = performance.now();
  const entered = await attachOrLookOutside(pid, options);
  const ms = performance.now() - began;
  if (entered !== "external") await entered.close();
  const asBefore = same(await settled(pid, before), before, entered);
  const engine = entered === "external" ? "external" : "inspector";
  const { threads, samples } = await record(pid, { ...options, duration: 0.4, subprocesses: true, engine });
  const processes = new Set(threads.map((thread) => thread.pid)).size;
  const found = `${samples.length} samples of ${threads.length} threads in ${processes} processes`;
  return { engine, ms, found, asBefore: asBefore && same(await settled(pid, before), before, entered) };
}

/** A signal sent to a process inside a native call is taken when the call returns, so its pipes are still the call's. */
function same(
  after: ReturnType<typeof footprint>,
  before: ReturnType<typeof footprint>,
  entered: unknown,
): boolean {
  const seen = (of: typeof before): unknown =>
    entered === "external" ? { ...of, descriptors: 0, threads: 0 } : of;
  return JSON.stringify(seen(after)) === JSON.stringify(seen(before));
}

async function portTaken(node: string, options: EngineOptions = {}): Promise<Visit> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  try {
    return await withTarget("shares", { node, execArgv: [`--inspect-port=${port}`] }, (target) =>
      look(target, options),
    );
  } finally {
    await new Promise((done) => server.close(done));
  }
}

async function threeAtOnce(node: string): Promise<Visit> {
  const targets = await Promise.all(["idle", "forever", "shares"].map((mode) => startTarget(mode, { node })));
  try {
    const before = targets.map(({ pid }) => footprint(pid));
    const began = performance.now();
    const sessions = await Promise.all(targets.map(({ pid }) => attach(pid)));
    const ms = performance.now() - began;
    await Promise.all(sessions.map((session) => session.close()));
    const after = await Promise.all(targets.map(({ pid }, i) => settled(pid, before[i]!)));
    const asBefore = JSON.stringify(after) === JSON.stringify(before);
    return { engine: "inspector", ms, found: "all three entered", asBefore };
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
}

function exits(node: string): Promise<Visit> {
  return withTarget("idle", { node }, async (target) => {
    const began = performance.now();
    const session = await attach(target.pid);
    const ms = performance.now() - began;
    const last = Promise.withResolvers<unknown>();
    session.atExit(async () => last.resolve(await evaluate(session, "process.pid")));
    target.child.send("exit");
    const code = await target.exitCode;
    const asked = (await last.promise) === target.pid;
    await session.close();
    const quiet = !/Waiting for the debugger/.test(target.stderr());
    return {
      engine: "inspector",
      ms,
      found: `exit code ${code}, ${asked ? "asked at its end" : "not asked"}`,
      asBefore: quiet && code === 5,
    };
  });
}
