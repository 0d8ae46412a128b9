import { type Profile, readProcess, record, sample, startRecording } from "../../src/profile/index.ts";
import { summarise, type Table } from "../harness.ts";
import { startSubject, type Subject } from "./target.ts";

/**
 * What being watched costs a running program: one process does the same units of work watched and unwatched, turn
 * about, and its CPU time is compared pair by pair: that of the main thread, which does the work, and that of the whole
 * process, V8's sampler thread and our agent included. Pairs in one process share its compiled code and its heap, so
 * they differ by less than two processes do. What entering and leaving costs is a table of its own: it is paid once.
 */
const UNITS = 180;
const ROUNDS = 12;

interface Watcher {
  readonly name: string;
  /** Begins to watch; the result ends it and gives how many samples a second were taken (NaN: none to count). */
  start(pid: number): Promise<() => Promise<number>>;
}

const WATCHERS: readonly Watcher[] = [
  { name: "nobody (A/A)", start: () => Promise.resolve(() => Promise.resolve(NaN)) },
  { name: "record, 100 Hz", start: (pid) => recording(pid, 100, "inspector") },
  { name: "record, 1000 Hz", start: (pid) => recording(pid, 1000, "inspector") },
  { name: "top, 100 Hz, a refresh a second", start: top },
  { name: "record --external, 100 Hz", start: (pid) => recording(pid, 100, "external") },
  { name: "record --external, 1000 Hz", start: (pid) => recording(pid, 1000, "external") },
];

export async function steadyTables(): Promise<Table[]> {
  const subject = await startSubject("steady.mjs");
  const [main, whole, entering, rate] = [figures(), figures(), figures(), figures()];
  try {
    for (let round = 0; round < 3; round++) await subject.ask(UNITS); // until it is compiled
    for (let round = -1; round < ROUNDS; round++) {
      for (const [turn, watcher] of WATCHERS.entries()) {
        // The first of a pair and the second change places, so that a drift of the machine meets both alike.
        const pair = await measurePair(subject, watcher, (round + turn) % 2 === 0);
        if (round < 0) continue;
        main.get(watcher.name)!.push(100 * (pair.watched.main / pair.alone.main - 1));
        whole.get(watcher.name)!.push(100 * (pair.watched.whole / pair.alone.whole - 1));
        entering.get(watcher.name)!.push(1000 * pair.entering);
        if (!Number.isNaN(pair.rate)) rate.get(watcher.name)!.push(pair.rate);
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
  return [
    table("CPU time that being watched adds to a busy thread", "%", main),
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
  readonly alone: Cost;
  readonly watched: Cost;
  /** CPU seconds of the program between the measured parts. */
  readonly entering: number;
  readonly rate: number;
}

async function measurePair(subject: Subject, watcher: Watcher, aloneFirst: boolean): Promise<Pair> {
  const work = (): Promise<Cost> => subject.ask<Cost>(UNITS);
  const first = aloneFirst ? await work() : undefined;
  const before = readProcess(subject.pid).cpu;
  const stop = await watcher.start(subject.pid);
  const watched = await work();
  const rate = await stop();
  const entering = readProcess(subject.pid).cpu - before - watched.whole;
  return { alone: first ?? (await work()), watched, entering, rate };
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
