import { isIdle, threadLabel } from "../model/call-tree.ts";
import type { Frame } from "../model/frame.ts";
import type { Profile, ThreadRef } from "../model/sample.ts";
import { shortPath } from "./label.ts";

/** The file format of https://www.speedscope.app: one timeline per thread. */
export function toSpeedscope(profile: Profile, options: { idle?: boolean } = {}): string {
  const frames: { name: string; file?: string; line?: number; col?: number }[] = [];
  const indices = new Map<Frame, number>();
  const indexOf = (frame: Frame): number => {
    let index = indices.get(frame);
    if (index === undefined) {
      index = frames.push(speedscopeFrame(frame)) - 1;
      indices.set(frame, index);
    }
    return index;
  };
  const profiles = profile.threads.map((thread) => {
    const own = profile.samples.filter((s) => s.thread === thread && (options.idle === true || !isIdle(s)));
    return {
      type: "sampled",
      name: nameOf(thread, profile),
      unit: "seconds",
      startValue: 0,
      endValue: own.reduce((sum, s) => sum + s.weight, 0),
      samples: own.map((s) => s.stack.map(indexOf)),
      weights: own.map((s) => s.weight),
    };
  });
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "spool",
    name: profile.threads[0]?.process ?? "profile",
    activeProfileIndex: 0,
    shared: { frames },
    profiles,
  });
}

function speedscopeFrame(frame: Frame): { name: string; file?: string; line?: number; col?: number } {
  if (frame.url === "") return { name: frame.name };
  return {
    name: frame.name,
    file: shortPath(frame.url),
    ...(frame.line > 0 ? { line: frame.at ?? frame.line, col: frame.column } : {}),
  };
}

/** How a timeline is called when the report holds several threads or processes. */
export function nameOf(thread: ThreadRef, profile: Profile): string {
  const processes = new Set(profile.threads.map((t) => t.pid));
  const label = threadLabel(thread);
  return processes.size > 1 ? `${thread.process} (${thread.pid}) ${label}` : label;
}
