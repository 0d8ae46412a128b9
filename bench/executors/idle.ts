import { BARE, SPOOL, peers } from "../pools/index.ts";
import { type Figure, summarise } from "../support/table.ts";
import { Probe } from "./probe.ts";
import type { TableSpec } from "./spec.ts";

interface Idle {
  readonly bytes: number;
  readonly cores: number;
}

const NOTHING = "no pool at all";
const kinds = [SPOOL.threads, SPOOL.processes, ...peers(undefined, "default"), BARE.threads, BARE.processes];
/** Memory stands still and ten seconds are long. */
const ROUNDS = 2;

/** All pools side by side, each in a program of its own: idle ones do not disturb each other. */
async function round(): Promise<Map<string, Idle>> {
  const probes = new Map<string, Probe>();
  for (const name of [NOTHING, ...kinds.map((kind) => kind.name)]) {
    const it = new Probe("idle", name === NOTHING ? "nothing" : name);
    // One after the other: on two cores forty workers would be long in starting together.
    await it.answer();
    probes.set(name, it);
  }
  const answers = [...probes].map(async ([name, it]) => [name, await it.answer<Idle>()] as const);
  for (const it of probes.values()) it.go();
  const results = new Map(await Promise.all(answers));
  await Promise.all([...probes.values()].map((it) => it.ended()));
  return results;
}

let measured: Promise<Map<string, Idle>[]> | undefined;

/** Both tables come from the same programs. */
async function figures(rounds: number, pick: (idle: Idle) => number): Promise<Figure[]> {
  measured ??= (async () => {
    const all: Map<string, Idle>[] = [];
    for (let i = 0; i < rounds; i++) all.push(await round());
    return all;
  })();
  const all = await measured;
  return [...all[0]!.keys()].map((name) =>
    summarise(
      name,
      all.map((results) => pick(results.get(name)!)),
    ),
  );
}

export const IDLE_CPU: TableSpec = {
  key: "idle-cpu",
  title: "CPU of an idle pool of four workers over 10 s, cores",
  unit: "share",
  better: "lower",
  rounds: ROUNDS,
  figures: (rounds) => figures(rounds, (idle) => idle.cores),
  targets: ["spool threads", "spool processes"].map((subject) => ({ subject, atMost: 0.002 })),
};

export const IDLE_MEMORY: TableSpec = {
  key: "idle-memory",
  title: "private memory of an idle worker that has worked",
  unit: "bytes",
  better: "lower",
  rounds: ROUNDS,
  figures: async (rounds) =>
    (await figures(rounds, (idle) => idle.bytes)).filter((row) => row.name !== NOTHING),
  targets: [],
};
