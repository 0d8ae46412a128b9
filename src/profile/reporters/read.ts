import { readFileSync } from "node:fs";
import { ProfilerError } from "../../core/index.ts";
import { addStack, type CallTree, emptyTree } from "../model/call-tree.ts";
import { FrameTable, kindOf } from "../model/frame.ts";
import { samplesOf } from "../model/v8-profile.ts";
import type { V8Profile } from "../model/v8-types.ts";
import { fromFolded } from "./folded.ts";

interface Speedscope {
  readonly shared: {
    readonly frames: readonly { name: string; file?: string; line?: number; col?: number }[];
  };
  readonly profiles: readonly {
    readonly name: string;
    readonly samples?: readonly (readonly number[])[];
    readonly weights?: readonly number[];
  }[];
}

/** Reads a recording back for comparison: speedscope, cpuprofile or folded stacks, told apart by their content. */
export function readTree(path: string): CallTree {
  const text = readFileSync(path, "utf8");
  if (!text.startsWith("{")) return checked(path, fromFolded(text));
  const data = JSON.parse(text) as Partial<Speedscope> & Partial<V8Profile>;
  if (data.shared !== undefined && data.profiles !== undefined)
    return checked(path, fromSpeedscope(data as Speedscope));
  if (data.nodes !== undefined) return checked(path, fromCpuProfile(data as V8Profile));
  throw unreadable(path);
}

function fromSpeedscope(file: Speedscope): CallTree {
  const tree = emptyTree("seconds");
  const frames = file.shared.frames.map(({ name, file: url = "", line = 0, col = 0 }) => ({
    name,
    url,
    line,
    column: col,
    kind: kindOf(name, url),
  }));
  for (const profile of file.profiles) {
    profile.samples?.forEach((stack, i) =>
      addStack(
        tree,
        stack.map((index) => frames[index]!),
        profile.weights?.[i] ?? 0,
      ),
    );
  }
  return tree;
}

function fromCpuProfile(profile: V8Profile): CallTree {
  const tree = emptyTree("seconds");
  const thread = { pid: 0, process: "", thread: 0, name: "main" };
  const samples = samplesOf(profile, { thread, frames: new FrameTable(), origin: profile.startTime });
  for (const { stack, weight } of samples) if (stack.at(-1)?.kind !== "idle") addStack(tree, stack, weight);
  return tree;
}

function checked(path: string, tree: CallTree): CallTree {
  if (tree.root.total === 0) throw unreadable(path);
  return tree;
}

function unreadable(path: string): ProfilerError {
  return new ProfilerError(
    `${path} is not a recording that can be compared: give one made with -f speedscope, cpuprofile or raw`,
  );
}
