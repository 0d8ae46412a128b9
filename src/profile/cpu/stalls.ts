import { setTimeout as delay } from "node:timers/promises";
import { requireSeconds, requireSignal } from "../../core/index.ts";
import { attach, type AttachOptions } from "../attach/attach.ts";
import type { InspectorSession } from "../attach/session.ts";
import { addStack, emptyTree, isIdle, stacksOf } from "../model/call-tree.ts";
import type { Frame } from "../model/frame.ts";
import type { Profile, Sample } from "../model/sample.ts";
import { OWN_URL } from "../model/v8-profile.ts";
import { assemble } from "./assemble.ts";
import { LiveProcess } from "./live-process.ts";

export interface StallOptions extends AttachOptions {
  /** Report what blocked the event loop for longer than this, seconds (default 0.05). */
  readonly over?: number;
}

/** One time at which the event loop could not turn. */
export interface Stall {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Seconds; so far, when it is still going on. */
  readonly duration: number;
  readonly ongoing: boolean;
  /** The stacks it was in, outermost frame first, with their share of it; the greatest first. */
  readonly stacks: readonly { readonly stack: readonly Frame[]; readonly share: number }[];
}

/** Sampling for blame needs to be finer than for statistics: a stall of 50 ms is then 25 samples. */
const INTERVAL = 0.002;
/** Seconds between two looks at the heartbeat's log. */
const EVERY = 1;
const STACKS_PER_STALL = 3;

interface Beats {
  /** From and to, of each pause between two beats that was too long; µs of the monotonic clock. */
  readonly gaps: readonly (readonly [number, number])[];
  readonly last: number;
  readonly now: number;
}

/**
 * Watches the main thread's event loop and says who blocked it: a timer in the process notes when it was kept from
 * firing, and V8's sampler says what ran meanwhile. Ends when the process ends, `signal` fires or the caller stops
 * asking; timer and sampler are taken out again. Costs about 2 % of the thread's time.
 */
export async function* stalls(pid: number, options: StallOptions = {}): AsyncGenerator<Stall, void> {
  const over = options.over === undefined ? 0.05 : requireSeconds("over", options.over);
  const signal = requireSignal("signal", options.signal);
  const session = await attach(pid, options);
  const live = await LiveProcess.start(session, INTERVAL);
  try {
    const heart = await startHeartbeat(session, over);
    let kept: readonly Sample[] = [];
    let reported = 0;
    while (signal?.aborted !== true && (await alive(session, signal))) {
      const recordings = [await live.take()];
      const beats = await heart();
      const profile = assemble(recordings, { interval: INTERVAL });
      const samples = [...kept, ...onMonotonicClock(profile)];
      for (const stall of stallsIn(beats, samples, over, reported)) yield stall;
      if (beats.now - beats.last > over * 1e6) reported = beats.last;
      kept = samples.filter((sample) => sample.time > beats.last / 1e6);
    }
  } catch (error) {
    if ((await Promise.race([session.ended, delay(100, "running")])) === "running") throw error;
  } finally {
    await session.close();
  }
}

/** Puts the timer into the main thread; the result fetches what it noted since. */
async function startHeartbeat(session: InspectorSession, over: number): Promise<() => Promise<Beats>> {
  const step = Math.max(1, Math.min(20, (over * 1000) / 4));
  const { result } = await session.send<{ result: { objectId: string } }>("Runtime.evaluate", {
    expression: `(() => {
      const now = () => Number(process.hrtime.bigint()) / 1e3;
      const log = [];
      let last = now();
      const beat = () => {
        const at = now();
        if (at - last > ${over * 1e6 + step * 1e3}) log.push([last, at]);
        last = at;
      };
      const timer = setInterval(beat, ${step});
      timer.unref();
      return { take: () => ({ gaps: log.splice(0), last, now: now() }), stop: () => clearInterval(timer) };
    })()
    //# sourceURL=${OWN_URL}heartbeat`,
    silent: true,
  });
  const call = (name: string): { method: string; params: { [key: string]: unknown } } => ({
    method: "Runtime.callFunctionOn",
    params: {
      objectId: result.objectId,
      functionDeclaration: `function () { return this.${name}(); }`,
      returnByValue: true,
    },
  });
  session.atDetach([call("stop")]);
  return async () => {
    const { method, params } = call("take");
    return (await session.send<{ result: { value: Beats } }>(method, params)).result.value;
  };
}

/** Samples of the main thread, the times at which they were taken in seconds of the monotonic clock. */
function onMonotonicClock(profile: Profile): Sample[] {
  const offset = Number(process.hrtime.bigint()) / 1e9 - (Date.now() - profile.startedAt) / 1e3;
  return profile.samples
    .filter((sample) => sample.thread.thread === 0)
    .map((sample) => ({ ...sample, time: sample.time + sample.weight + offset }));
}

function* stallsIn(
  beats: Beats,
  samples: readonly Sample[],
  over: number,
  reported: number,
): Generator<Stall> {
  for (const [from, to] of beats.gaps) {
    const stall = blame(from, to, samples, false);
    if (stall.duration >= over && stall.stacks.length > 0) yield stall;
  }
  const ongoing = beats.now - beats.last > over * 1e6 && beats.last !== reported;
  if (ongoing) {
    const stall = blame(beats.last, beats.now, samples, true);
    if (stall.stacks.length > 0) yield stall;
  }
}

/** What ran between two moments of the monotonic clock (µs). The loop's waiting before the block is no part of it. */
function blame(from: number, to: number, samples: readonly Sample[], ongoing: boolean): Stall {
  const during = samples.filter(({ time }) => time * 1e6 >= from && time * 1e6 <= to);
  const busy = during.filter((sample) => !isIdle(sample));
  const start = busy[0] === undefined ? from : busy[0].time * 1e6;
  const tree = emptyTree("seconds");
  for (const { stack, weight } of busy) addStack(tree, stack, weight);
  const stacks = [...stacksOf(tree)].sort((a, b) => b.weight - a.weight).slice(0, STACKS_PER_STALL);
  const now = Number(process.hrtime.bigint()) / 1e3;
  return {
    startedAt: Date.now() - (now - start) / 1e3,
    duration: (to - start) / 1e6,
    ongoing,
    stacks: stacks.map(({ stack, weight }) => ({ stack, share: weight / tree.root.total })),
  };
}

async function alive(session: InspectorSession, signal: AbortSignal | undefined): Promise<boolean> {
  const stop = new AbortController();
  const any = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const timer = delay(EVERY * 1000, true, { signal: any }).catch(() => false);
  const result = await Promise.race([timer, session.ended.then(() => false)]);
  stop.abort();
  return result;
}
