import { cpus } from "node:os";
import { classify } from "./classify.ts";
import { ownTime } from "./confidence.ts";
import { decide } from "./decide.ts";
import { breakEvenTask, chunkSizeFor, crossingCost } from "./formulas.ts";
import type { Measured } from "./measure/rounds.ts";
import type { Sampled } from "./measure/sample.ts";
import { serialFigures, summarise } from "./measure/summary.ts";
import type { Settings } from "./settings.ts";
import type { Comparison, Crossing, Machine, Row, Unable } from "./types.ts";

export interface Findings {
  readonly all: readonly unknown[];
  readonly sampled: Sampled;
  readonly rounds: number;
  readonly measured: readonly Measured[];
  readonly unable: readonly Unable[];
  readonly settings: Settings;
}

/** Makes the answer of what was measured. */
export function conclude(findings: Findings): Comparison {
  const { all, sampled, measured, settings } = findings;
  const serialPasses = measured[0]!.passes;
  const repeatable = measured[0]!.differsAt === null;
  const classification = classify(serialFigures(serialPasses));
  const serialWall = serialFigures(serialPasses).wall;
  const tasks = sampled.inputs.length;
  const rows = measured.map((m) =>
    summarise(m.runner, m.passes, { serialWall, differsAt: repeatable ? m.differsAt : null }),
  );
  const taskTime = rows[0]!.phases.compute;
  const crossings = crossingsOf(rows, tasks, taskTime, settings.cores);
  return {
    name: settings.name,
    inputs: all.length,
    measured: sampled.used,
    repetitions: findings.rounds,
    taskTime,
    classification,
    rows,
    unable: findings.unable,
    crossings,
    recommendation: decide({
      classification,
      rows,
      crossings,
      inputs: all.length,
      measured: tasks,
      taskTime,
      cores: settings.cores,
    }),
    resultsEqual: repeatable ? rows.every((row) => row.differsAt === null) : null,
    notes: notesOn(findings, rows),
    machine: machine(settings.cores),
  };
}

function crossingsOf(rows: readonly Row[], tasks: number, taskTime: number, cores: number): Crossing[] {
  const serial = rows[0]!;
  return (["threads", "processes"] as const).flatMap((kind) => {
    const own = rows.filter((row) => row.model.kind === kind);
    const one = own.find((row) => row.model.workers === 1);
    const most = own.at(-1);
    if (one === undefined || most === undefined) return [];
    const perTask = crossingCost(ownTime(one, cores), ownTime(serial, cores), tasks);
    return {
      kind,
      perTask,
      breakEven: breakEvenTask(perTask, most.start ?? 0, tasks, most.model.workers),
      chunkSize: chunkSizeFor(perTask, taskTime),
    };
  });
}

function notesOn(findings: Findings, rows: readonly Row[]): string[] {
  const { all, sampled, rounds, settings } = findings;
  const notes: string[] = [];
  if (sampled.used < all.length)
    notes.push(`measured ${sampled.used} of ${all.length} inputs, to stay within ${settings.budget} s`);
  if (sampled.passes > 1)
    notes.push(`each repetition runs the inputs ${sampled.passes} times over: once is too short to time`);
  if (rounds < settings.repetitions)
    notes.push(`${rounds} of ${settings.repetitions} repetitions, to stay within ${settings.budget} s`);
  for (const row of rows) {
    if (row.differsAt !== null)
      notes.push(`${row.model.name} gives another result for input ${row.differsAt % sampled.used}`);
    if (row.failed > 0)
      notes.push(`${row.model.name}: ${row.failed} of ${sampled.inputs.length} tasks failed`);
  }
  if (findings.measured[0]!.differsAt !== null)
    notes.push("the results differ from run to run, so models cannot be checked against each other");
  return notes;
}

function machine(cores: number): Machine {
  return {
    cores,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
