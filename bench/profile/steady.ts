import { type Profile, readProcess, record, sample, startRecording } from "../../src/profile/index.ts";
import { summarise, type Table } from "../harness.ts";
import { evaluate, type Target } from "../support/targets.ts";
import { stopsAlone, wakesAlone } from "./stops.ts";
import { startSubject, type Subject } from "./target.ts";

/**
 * What being watched costs a running program: one process does the same units of work watched and unwatched, turn
 * about, and its CPU time is compared: that of the main thread, which does the work, and that of the whole process, V8's
 * sampler thread and our agent included. Turns in one process share its compiled code and its heap, so they differ by
 * less than two processes do. What entering and leaving costs is a table of its own: it is paid once.
 *
 * Other guests of a machine slow it down by tens of percent for seconds on end. So the turns are measured in pieces, and
 * the lower quintiles of all pieces are compared: those that nobody disturbed, on both sides. Each figure of a table
 * leaves out another sixth of the pairs, so that its range says how much hangs on the choice.
 */
const UNITS = 120;
/** Units between the beginning of watching and the measured ones: the engine compiles some functions anew. */
const SETTLING = 40;
const PAIRS = 30;
const ROUNDS = 6;

interface Watcher {
  readonly name: string;
  /** Begins to watch; the result ends it and gives how many samples a second were taken (NaN: none to count). */
  start(subject: Subject): Promise<() => Promise<number>>;
}

const V8_ALONE = "V8's sampler alone, 1000 Hz";
const STOPS_ALONE = "stopping the thread and no more, 1000 Hz";
const WAKES_ALONE = "waking beside it and no more, 1000 Hz";

const WATCHERS: readonly Watcher[] = [
  { name: "nobody (A/A)", start: () => Promise.resolve(() => Promise.resolve(NaN)) },
  { name: "record, 100 Hz", start: ({ pid }) => recording(pid, 100, "inspector") },
  { name: "record, 1000 Hz", start: ({ pid }) => recording(pid, 1000, "inspector") },
  { name: V8_ALONE, start: inProcess },
  { name: "top, 100 Hz, a refresh a second", start: ({ pid }) => top(pid) },
  { name: "record --external, 100 Hz", start: ({ pid }) => recording(pid, 100, "external") },
  { name: "record --external, 1000 Hz", start: ({ pid }) => recording(pid, 1000, "external") },
  { name: STOPS_ALONE, start: ({ pid }) => Promise.resolve(stopsAlone(pid, 1000)) },
  { name: WAKES_ALONE, start: () => Promise.resolve(wakesAlone(1000)) },
];

/** Percent of the main thread's CPU time. What a row cannot get below is measured beside it. */
const TARGETS: readonly Target[] = [
  { subject: "record, 100 Hz", atMost: 1 },
  {
    subject: "record, 1000 Hz",
    atMost: 3,
    limit: `"${V8_ALONE}" is what no profiler can go below`,
  },
  { subject: "top, 100 Hz, a refresh a second", atMost: 1 },
  { subject: "record --external, 100 Hz", atMost: 1, limit: `a tenth of "${STOPS_ALONE}" is the least` },
  {
    subject: "record --external, 1000 Hz",
    atMost: 3,
    limit: `"${STOPS_ALONE}" is the least, of which "${WAKES_ALONE}" is a part that no sampler is without`,
  },
];

export async function steadyTables(): Promise<Table[]> {
  const subject = await startSubject("steady.mjs");
  const [main, whole, entering, rate] = [figures(), figures(), figures(), figures()];
  try {
    for (let round = 0; round < 3; round++) await subject.ask(UNITS); // until it is compiled
    for (const watcher of WATCHERS) await measurePair(subject, watcher, true);
    const pairs = new Map<Watcher, Pair[]>(WATCHERS.map((watcher) => [watcher, []]));
    for (let i = 0; i < PAIRS; i++) {
      for (const [turn, watcher] of WATCHERS.entries()) {
        // The first of a pair and the second change places, so that a drift of the machine meets both alike.
        pairs.get(watcher)!.push(await measurePair(subject, watcher, (i + turn) % 2 === 0));
      }
    }
    for (const [{ name }, all] of pairs) {
      for (let left = 0; left < ROUNDS; left++) {
        const some = all.filter((_, i) => i % ROUNDS !== left);
        main.get(name)!.push(added(some, "main"));
        whole.get(name)!.push(added(some, "whole"));
        entering.get(name)!.push(1000 * middle(some.map((pair) => pair.entering)));
        const counted = some.map((pair) => pair.rate).filter((it) => !Number.isNaN(it));
        if (counted.length > 0) rate.get(name)!.push(middle(counted));
      }
    }
  } finally {
    await subject.stop();
  }
  const table = (title: string, unit: string, all: Map<string, number[]>): Table => ({
    title,
    unit,
    rounds: ROUNDS,
    figures: [...all].filter(([, some]) => some.length > 0).map(([name, some]) => summarise(name, some)),
  });
  const costs = table("CPU time that being watched adds to a busy thread", "%", main);
  const targets = TARGETS.map((target) => evaluate({ ...costs, better: "lower" }, target));
  return [
    { ...costs, better: "lower", targets },
    table("the same for the whole process", "%", whole),
    table("CPU time of coming and going, once", "ms", entering),
    table("samples a second of a busy thread", "1/s", rate),
  ];
}

function figures(): Map<string, number[]> {
  return new Map(WATCHERS.map(({ name }) => [name, []]));
}

/** CPU seconds. */
interface Cost {
  readonly main: number;
  readonly whole: number;
}

interface Pair {
  /** Piece by piece. */
  readonly alone: readonly Cost[];
  readonly watched: readonly Cost[];
  /** CPU seconds of the program between the measured parts. */
  readonly entering: number;
  readonly rate: number;
}

/** Percent. */
function added(pairs: readonly Pair[], of: keyof Cost): number {
  const undisturbed = (pieces: readonly Cost[]): number =>
    quantile(
      pieces.map((piece) => piece[of]),
      0.25,
    );
  const watched = undisturbed(pairs.flatMap((pair) => pair.watched));
  return 100 * (watched / undisturbed(pairs.flatMap((pair) => pair.alone)) - 1);
}

function middle(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}

async function measurePair(subject: Subject, watcher: Watcher, aloneFirst: boolean): Promise<Pair> {
  const work = (): Promise<Cost[]> => subject.ask<Cost[]>(UNITS);
  const first = aloneFirst ? await work() : undefined;
  const before = readProcess(subject.pid).cpu;
  const stop = await watcher.start(subject);
  const settling = await subject.ask<Cost[]>(SETTLING);
  const watched = await work();
  const rate = await stop();
  const working = [...settling, ...watched].reduce((sum, { whole }) => sum + whole, 0);
  const entering = readProcess(subject.pid).cpu - before - working;
  return { alone: first ?? (await work()), watched, entering, rate };
}

/** V8's sampler as `node --cpu-prof` uses it, from within: what no profiler built on it can cost less than. */
async function inProcess(subject: Subject): Promise<() => Promise<number>> {
  await subject.ask({ interval: 1000 });
  return () => subject.ask<number>({});
}

async function recording(
  pid: number,
  rate: number,
  engine: "inspector" | "external",
): Promise<() => Promise<number>> {
  if (engine === "external") return outside(pid, rate);
  const started = await startRecording(pid, { rate, engine });
  return async () => achieved(await started.stop());
}

async function outside(pid: number, rate: number): Promise<() => Promise<number>> {
  const over = new AbortController();
  const profile = record(pid, { rate, engine: "external", signal: over.signal });
  // It reads the symbols of the binary first.
  await new Promise((done) => setTimeout(done, 300));
  return async () => {
    over.abort();
    return achieved(await profile);
  };
}

async function top(pid: number): Promise<() => Promise<number>> {
  const over = new AbortController();
  const entered = Promise.withResolvers<void>();
  const watching = (async (): Promise<number> => {
    const rates: number[] = [];
    for await (const { profile } of sample(pid, { engine: "inspector", signal: over.signal })) {
      entered.resolve();
      rates.push(achieved(profile));
    }
    return rates.length === 0 ? NaN : rates.reduce((a, b) => a + b) / rates.length;
  })();
  await entered.promise;
  return () => {
    over.abort();
    return watching;
  };
}

function achieved({ samples, duration }: Profile): number {
  return samples.filter(({ thread }) => thread.thread === 0).length / duration;
}
