import { threadLabel } from "../model/call-tree.ts";
import type { Frame } from "../model/frame.ts";
import type { Profile, Sample } from "../model/sample.ts";
import { placeOf } from "./label.ts";

interface TraceEvent {
  readonly ph: "X" | "M";
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Record<string, unknown>;
}

/** Trace events for chrome://tracing and https://ui.perfetto.dev: each function as a bar from when to when it ran. */
export function toChromeTrace(profile: Profile): string {
  const events: TraceEvent[] = [];
  for (const thread of profile.threads) {
    const where = { pid: thread.pid, tid: thread.thread };
    events.push({ ph: "M", name: "process_name", ...where, args: { name: thread.process } });
    events.push({ ph: "M", name: "thread_name", ...where, args: { name: threadLabel(thread) } });
    const own = profile.samples.filter((s) => s.thread === thread && s.stack.at(-1)?.kind !== "idle");
    for (const bar of bars(own, profile.interval)) {
      const { frame, from, to } = bar;
      const args = { location: placeOf(frame) };
      events.push({ ph: "X", name: frame.name, cat: frame.kind, ...where, ts: from, dur: to - from, args });
    }
  }
  return JSON.stringify({ traceEvents: events, displayTimeUnit: "ms" });
}

interface Bar {
  readonly frame: Frame;
  readonly from: number;
  readonly to: number;
}

/** Joins samples with a common outer part of the stack into bars; a pause of more than two intervals ends them all. */
function* bars(samples: readonly Sample[], interval: number): Generator<Bar> {
  let open: { frame: Frame; from: number }[] = [];
  let end = 0;
  for (const sample of samples) {
    const from = Math.round(sample.time * 1e6);
    const contiguous = from - end <= interval * 2e6;
    let common = 0;
    while (contiguous && common < open.length && open[common]!.frame === sample.stack[common]) common++;
    for (const bar of open.slice(common).reverse()) yield { ...bar, to: contiguous ? from : end };
    open = [...open.slice(0, common), ...sample.stack.slice(common).map((frame) => ({ frame, from }))];
    end = Math.round((sample.time + sample.weight) * 1e6);
  }
  for (const bar of open.reverse()) yield { ...bar, to: end };
}
