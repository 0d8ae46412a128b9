import { ship } from "../closures/index.ts";
import { ArgumentError } from "../core/index.ts";
import { classify } from "./classify.ts";
import { openExecutor } from "./executors.ts";
import { clusterRunner } from "./measure/cluster.ts";
import { type Task, probed } from "./measure/probe.ts";
import type { Measured } from "./measure/rounds.ts";
import { type Runner, executorRunner, serialRunner } from "./measure/runner.ts";
import type { Sampled } from "./measure/sample.ts";
import { serialFigures, wallOf } from "./measure/summary.ts";
import { planModels, serialModel } from "./plan.ts";
import type { Settings } from "./settings.ts";
import type { Model, Unable } from "./types.ts";

export interface Prepared {
  readonly measured: Measured[];
  readonly unable: Unable[];
}

/**
 * Starts every model and runs it once, untimed; keeps those that can run and are worth repeating. Whatever it starts
 * it adds to `opened`, also when it throws, and the caller closes.
 */
export async function prepare(
  fn: Task,
  sampled: Sampled,
  settings: Settings,
  opened: Runner[],
): Promise<Prepared> {
  const first = classify(serialFigures([sampled.first]));
  const unable: Unable[] = [];
  const trials: { runner: Runner; wall: number }[] = [];
  const models = planModels({
    inputs: sampled.inputs.length,
    cores: settings.cores,
    class: first.class,
    loopBusy: first.loopBusy,
    workers: settings.workers,
    concurrency: settings.concurrency,
  });
  const serial = serialRunner(serialModel, fn, settings.signal);
  for (const open of openers(fn, models, settings)) {
    settings.signal?.throwIfAborted();
    settings.step(open.model.name, 0);
    try {
      const runner = await open.start();
      opened.push(runner);
      trials.push({ runner, wall: await warmUp(runner, sampled.inputs) });
    } catch (error) {
      settings.signal?.throwIfAborted();
      unable.push({ model: open.model, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const runners = [serial, ...worthRepeating(trials)];
  return { measured: runners.map((runner) => ({ runner, passes: [], differsAt: null })), unable };
}

/** A pass that is this much faster than the one before it says that the code was still being compiled. */
const STILL_WARMING = 0.9;
const MOST_WARM_UPS = 3;

/** Runs the inputs until it gets no faster, and gives the best time. */
async function warmUp(runner: Runner, inputs: readonly unknown[]): Promise<number> {
  let best = Infinity;
  for (let pass = 0; pass < MOST_WARM_UPS; pass++) {
    const wall = wallOf(await runner.run(inputs));
    const warm = wall > best * STILL_WARMING;
    best = Math.min(best, wall);
    if (warm) break;
  }
  return best;
}

interface Opener {
  readonly model: Model;
  start(): Promise<Runner>;
}

function openers(fn: Task, models: readonly Model[], settings: Settings): Opener[] {
  const here = probed(fn);
  const shipped = settings.reference ?? here;
  const local = models.map((model) => ({
    model,
    start: async () => {
      requireShippable(fn, model, settings);
      return executorRunner(model, () => openExecutor(model), model.kind === "event-loop" ? here : shipped, {
        signal: settings.signal,
        ...(model.workers === 1 && model.kind !== "event-loop" ? { chunkSize: 1 } : {}),
      });
    },
  }));
  const custom = Object.entries(settings.executors).map(([name, executor]): Opener => {
    const model: Model = { kind: "custom", name, workers: 1, concurrency: 1 };
    return {
      model,
      start: () =>
        executorRunner(model, () => executor, shipped, { signal: settings.signal, keepOpen: true }),
    };
  });
  return [...local, ...custom, ...clusters(settings)];
}

function clusters({ broker, reference, cores, signal }: Settings): Opener[] {
  if (broker === undefined) return [];
  const model: Model = { kind: "celery", name: `celery x${cores}`, workers: cores, concurrency: 1 };
  return [
    {
      model,
      start: async () => {
        if (reference === undefined)
          throw new ArgumentError(
            "tasks behind a broker are found by name: give `reference` with the module's URL and the export",
          );
        return clusterRunner(model, broker, reference, { signal });
      },
    },
  ];
}

/** Inside the task that measures it, the function would fail only once it is called: ask for it alone, up front. */
function requireShippable(fn: Task, model: Model, settings: Settings): void {
  if (settings.reference !== undefined || model.kind === "event-loop") return;
  ship(fn, { to: model.kind === "processes" ? "process" : "thread" });
}

/** Of the event loop's sizes only the best few are repeated; the sweep has shown the others to be slower. */
const KEPT_LOOP_SIZES = 3;

function worthRepeating(trials: readonly { runner: Runner; wall: number }[]): Runner[] {
  const loops = trials.filter((t) => t.runner.model.kind === "event-loop");
  const best = new Set([...loops].sort((a, b) => a.wall - b.wall).slice(0, KEPT_LOOP_SIZES));
  return trials.filter((t) => t.runner.model.kind !== "event-loop" || best.has(t)).map((t) => t.runner);
}
