import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree, type Profile, sampleExternal, startRecording } from "../../src/profile/index.ts";
import { startSubject } from "../profile/target.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "test", "programs", "profile-target.cjs");
/** `--no-opt` would be another program: these keep the compilers and only forbid inlining. Node 20 has no maglev. */
const NO_INLINING = "--no-turbo-inlining";
const NO_MAGLEV = "--no-maglev";
/** Long enough that chance alone makes an error well under two points. */
const SECONDS = 60;
const RATE = 100;

/** A program in which `hot` has about three quarters of the time and `cold` the rest; it counts both exactly. */
export interface Case {
  readonly name: string;
  readonly mode: "shares" | "workers" | "children";
  readonly node: string;
  /** V8 may inline both functions into their caller. */
  readonly inlining: boolean;
  readonly engines: readonly ("inspector" | "external")[];
  readonly seconds?: number;
}

/** Points of a hundred. */
export interface Row {
  readonly name: string;
  readonly engine: string;
  /** What the program counted. */
  readonly truth: number;
  /** What the profile says. */
  readonly found: number;
  readonly error: number;
  /** Samples of the two functions; chance alone makes an error of about 43 divided by its root. */
  readonly samples: number;
}

/** Runs the case and looks at it with each of its engines at the same time. */
export async function runCase(given: Case): Promise<Row[]> {
  const flags = given.inlining ? [] : [NO_INLINING, NO_MAGLEV];
  const subject = await startSubject(PROGRAM, [given.mode], { node: given.node, flags });
  const truth = (): Promise<Truth> => subject.ask<Truth>("truth");
  try {
    await sleep(1500); // until it is compiled
    if (given.mode !== "shares") while (Object.keys((await truth()).parts).length < 3) await sleep(50);
    const stops = await Promise.all(given.engines.map((engine) => start(subject.pid, engine)));
    const before = await truth();
    await sleep((given.seconds ?? SECONDS) * 1000);
    const after = await truth();
    const profiles = await Promise.all(stops.map((stop) => stop()));
    return profiles.flatMap((profile) => rowsOf(given, profile, since(before, after)));
  } finally {
    await subject.stop();
  }
}

interface Counted {
  readonly hot: number;
  readonly cold: number;
}

interface Truth extends Counted {
  /** By worker name or child PID. */
  readonly parts: Readonly<Record<string, Counted>>;
}

function since(before: Truth, after: Truth): { whole: Counted; parts: Map<string, Counted> } {
  const minus = (a: Counted, b: Counted = { hot: 0, cold: 0 }): Counted => ({
    hot: a.hot - b.hot,
    cold: a.cold - b.cold,
  });
  const parts = new Map(
    Object.entries(after.parts).map(([name, counted]) => [name, minus(counted, before.parts[name])]),
  );
  const all = [...parts.values()];
  const sum = (of: keyof Counted): number => all.reduce((total, counted) => total + counted[of], 0);
  return { whole: all.length === 0 ? minus(after, before) : { hot: sum("hot"), cold: sum("cold") }, parts };
}

async function start(pid: number, engine: "inspector" | "external"): Promise<() => Promise<Profile>> {
  if (engine === "inspector") {
    const recording = await startRecording(pid, { rate: RATE, engine, subprocesses: true });
    return () => recording.stop();
  }
  const over = new AbortController();
  const profiles = processTree(pid).map((p) => sampleExternal(p, { rate: RATE, signal: over.signal }));
  return async () => {
    over.abort();
    const all = await Promise.all(profiles);
    return { ...all[0]!, samples: all.flatMap(({ samples }) => samples) };
  };
}

function rowsOf(given: Case, profile: Profile, truth: ReturnType<typeof since>): Row[] {
  const row = (name: string, counted: Counted, samples: Profile["samples"]): Row => {
    const time = (f: string): number =>
      samples.reduce((sum, s) => sum + (s.stack.at(-1)?.name === f ? s.weight : 0), 0);
    const share = (hot: number, cold: number): number => (100 * hot) / (hot + cold);
    const [should, found] = [share(counted.hot, counted.cold), share(time("hot"), time("cold"))];
    const counts = samples.filter((s) => ["hot", "cold"].includes(s.stack.at(-1)?.name ?? ""));
    return {
      name,
      engine: profile.engine,
      truth: should,
      found,
      error: found - should,
      samples: counts.length,
    };
  };
  return [
    row(given.name, truth.whole, profile.samples),
    ...[...truth.parts].map(([part, counted], i) =>
      row(
        `${given.name}, ${given.mode === "workers" ? part : `process ${i + 1}`}`,
        counted,
        profile.samples.filter(({ thread }) => thread.name === part || String(thread.pid) === part),
      ),
    ),
  ];
}
