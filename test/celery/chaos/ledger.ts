import { readFileSync } from "node:fs";
import type { Kill } from "./crew.ts";

/** From when to when a broker was away, epoch milliseconds. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

interface Run {
  readonly pid: number;
  readonly parent: number;
  readonly begin: number;
  end: number | undefined;
  acknowledged: number | undefined;
}

/** Why tasks ran more than once: each run but a task's last one counts under the first cause that holds. */
export interface Doubles {
  /** Its process or its worker was killed under it. */
  midTask: number;
  /** It ended, but its worker was killed before result and acknowledgement were written. */
  beforeAck: number;
  /** It was in hand when the broker went away, which gave it to somebody else. */
  brokerGone: number;
  /** None of these: the task was run again without need. */
  unexplained: number;
}

/**
 * Milliseconds within which an acknowledgement is written on this loaded machine, and of a worker that notes none
 * (Python's), an ended run is stored and acknowledged.
 */
const SETTLING_MS = 1000;

/** Reads the notes that the tasks left and explains every second run. */
export function readLedger(
  file: string,
  kills: readonly Kill[],
  outages: readonly Outage[],
): { doubles: Doubles; unexplained: readonly string[] } {
  const doubles: Doubles = { midTask: 0, beforeAck: 0, brokerGone: 0, unexplained: 0 };
  const unexplained: string[] = [];
  const { byTask, notesAcknowledgements } = readRuns(file);
  for (const [id, all] of byTask) {
    const inOrder = all.toSorted((a, b) => a.begin - b.begin);
    for (const [at, run] of inOrder.slice(0, -1).entries()) {
      const before = kills.filter((kill) => kill.at <= inOrder[at + 1]!.begin);
      const cause = causeOf(run, before, outages, notesAcknowledgements);
      doubles[cause]++;
      if (cause === "unexplained") {
        const near = { kills: strikesOn(run, kills), outages };
        unexplained.push(`task ${id}: ${JSON.stringify(inOrder)} ${JSON.stringify(near)}`);
      }
    }
  }
  return { doubles, unexplained };
}

function causeOf(
  run: Run,
  kills: readonly Kill[],
  outages: readonly Outage[],
  notesAcknowledgements: boolean,
): keyof Doubles {
  const struck = strikesOn(run, kills);
  if (run.end === undefined) return struck.length > 0 ? "midTask" : "unexplained";
  const end = run.end;
  // A pool's process whose worker is killed may still come to the end of what it was given.
  if (struck.some(({ at }) => at >= run.begin - SETTLING_MS && at <= end)) return "midTask";
  const never = notesAcknowledgements && run.acknowledged === undefined;
  const settled = (run.acknowledged ?? end) + SETTLING_MS;
  if (struck.some(({ at }) => at > end && (never || at < settled))) return "beforeAck";
  const away = outages.some(({ from, to }) => run.begin < to && settled > from);
  return away ? "brokerGone" : "unexplained";
}

function strikesOn(run: Run, kills: readonly Kill[]): Kill[] {
  return kills.filter(({ pid }) => pid === run.pid || pid === run.parent);
}

function readRuns(file: string): { byTask: Map<string, Run[]>; notesAcknowledgements: boolean } {
  let notesAcknowledgements = false;
  const byTask = new Map<string, Run[]>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [mark, id = "", pid, parent, at] = line.split(" ");
    const runs = byTask.get(id) ?? [];
    if (mark === "S") {
      runs.push({
        pid: Number(pid),
        parent: Number(parent),
        begin: Number(at),
        end: undefined,
        acknowledged: undefined,
      });
      byTask.set(id, runs);
    } else if (mark === "E") {
      const open = runs.findLast((run) => run.pid === Number(pid) && run.end === undefined);
      if (open !== undefined) open.end = Number(at);
    } else if (mark === "A") {
      notesAcknowledgements = true;
      // By the worker, for the run in one of its processes.
      const ended = runs.findLast((run) => run.parent === Number(pid) && run.end !== undefined);
      if (ended !== undefined) ended.acknowledged ??= Number(at);
    }
  }
  return { byTask, notesAcknowledgements };
}
