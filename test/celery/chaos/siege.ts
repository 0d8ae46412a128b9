import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Celery, chord, type AsyncResult } from "spool/celery";
import { Crew, type Language } from "./crew.ts";
import { readLedger, type Doubles, type Outage } from "./ledger.ts";
import type { Ground } from "./places.ts";

/** How hard and how long. */
export interface Plan {
  readonly tasks: number;
  /** At most so many kills; they end with the last result. */
  readonly kills: number;
  /** Seconds between two kills. */
  readonly pause: number;
  /** Every so many kills the broker goes too; 0 for never. */
  readonly restartEvery: number;
  /** Seconds after which what is not there counts as lost. */
  readonly limit: number;
}

export interface Report {
  readonly place: string;
  /** Sent in the time there was. */
  readonly tasks: number;
  readonly results: number;
  readonly wrong: number;
  readonly lost: number;
  readonly chords: number;
  readonly chordsDone: number;
  readonly childKills: number;
  readonly workerKills: number;
  readonly restarts: number;
  readonly doubles: Doubles;
  /** The runs behind `doubles.unexplained`. */
  readonly unexplained: readonly string[];
  readonly seconds: number;
}

const WORKERS = 2;
const MEMBERS = 5;
/** Tasks sent and not yet done: the sender goes on while brokers and workers fall. */
const AHEAD = 1000;

/** Sends tasks and chords while workers, their processes and the broker are killed, and counts what came of it. */
export async function besiege(
  place: string,
  language: Language,
  open: (directory: string) => Promise<Ground>,
  plan: Plan,
): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), "spool-chaos-"));
  const runs = join(directory, "runs");
  writeFileSync(runs, "");
  const ground = await open(directory);
  const { broker, backend, queue } = ground;
  const app = new Celery("chaos", { broker, backend, taskDefaultQueue: queue, resultExpires: 600 });
  const crew = new Crew(language, { BROKER: broker, BACKEND: backend, QUEUE: queue, RUNS: runs });
  try {
    for (let i = 0; i < WORKERS; i++) await crew.hire();
    const started = performance.now();
    const passed = (): number => (performance.now() - started) / 1000;
    const state = { finished: false };
    const over = (): boolean => state.finished || passed() > plan.limit - QUIET_SECONDS;
    const fire = bombard(crew, ground, plan, over);
    const outcome = await sendAll(app, plan.tasks, () => Math.max(1, plan.limit - passed()));
    state.finished = true;
    const seconds = Math.round(passed());
    const outages = await fire;
    await crew.dismiss();
    const killed = (what: "child" | "worker"): number =>
      crew.kills.filter((kill) => kill.what === what).length;
    return {
      place,
      ...outcome,
      childKills: killed("child"),
      workerKills: killed("worker"),
      restarts: outages.length,
      ...readLedger(runs, crew.kills, outages),
      seconds,
    };
  } finally {
    await crew.dismiss();
    await app.close();
    await ground.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Before the limit there is peace and nothing more is sent, so that what can come back comes back. */
const QUIET_SECONDS = 25;

/** Kills and restarts until told to stop; gives the times at which the broker was away. */
async function bombard(
  crew: Crew,
  { server }: Ground,
  { kills, pause, restartEvery }: Plan,
  over: () => boolean,
): Promise<Outage[]> {
  const outages: Outage[] = [];
  for (let strike = 1; strike <= kills && !over(); strike++) {
    await sleep(pause * 1000);
    if (over()) break;
    await crew.strike();
    if (server === undefined || restartEvery === 0 || strike % restartEvery !== 0) continue;
    const from = Date.now();
    // A polite end and a hard one by turns.
    await server.stop(outages.length % 2 === 0 ? "SIGTERM" : "SIGKILL");
    await server.start();
    outages.push({ from, to: Date.now() });
  }
  return outages;
}

type Outcome = Pick<Report, "tasks" | "results" | "wrong" | "lost" | "chords" | "chordsDone">;

/** A chord of five goes between every hundred tasks. */
async function sendAll(app: Celery, tasks: number, left: () => number): Promise<Outcome> {
  const outcome = { tasks: 0, results: 0, wrong: 0, lost: 0, chords: 0, chordsDone: 0 };
  const open = new Set<Promise<void>>();
  const expect = (result: AsyncResult<number>, value: number, found: () => void): void => {
    const work: Promise<void> = result
      .get({ timeout: left() })
      .then(
        (got) => (got === value ? found() : void outcome.wrong++),
        () => void outcome.lost++,
      )
      .finally(() => open.delete(work));
    open.add(work);
  };
  for (let i = 0; i < tasks && left() > QUIET_SECONDS; i++) {
    outcome.tasks++;
    expect(app.sendTask<number>("chaos.add", [i, 1]), i + 1, () => outcome.results++);
    if (i % 100 === 0) {
      const first = tasks + i * MEMBERS;
      const header = Array.from({ length: MEMBERS }, (_, member) =>
        app.signature<[], number>("chaos.add", [first + member, 0]),
      );
      const sum = MEMBERS * first + (MEMBERS * (MEMBERS - 1)) / 2;
      const sent = chord(header, app.signature<[number[]], number>("chaos.sum")).delay();
      outcome.chords++;
      expect(sent as AsyncResult<number>, sum, () => outcome.chordsDone++);
    }
    while (open.size >= AHEAD) await Promise.race(open);
  }
  await Promise.all(open);
  return outcome;
}
