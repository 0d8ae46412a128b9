import { toFolded } from "../../reporters/folded.ts";
import { labelOf, shortPath } from "../../reporters/label.ts";
import { toPprof } from "../../reporters/pprof.ts";
import { type CallNode, type CallTree, stacksOf } from "../../model/call-tree.ts";
import type { Frame } from "../../model/frame.ts";
import type { MemoryProfile } from "../profile-file.ts";
import { type Allocation, memoryThreadLabel, memoryTree } from "../views.ts";

/** Formats of other tools, with the ending their files have. */
export const TRANSFORMS = {
  heapprofile: ".heapprofile",
  speedscope: ".speedscope.json",
  folded: ".folded.txt",
  pprof: ".pb.gz",
  csv: ".csv",
} as const;

export type TransformFormat = keyof typeof TRANSFORMS;

/** The allocations in the format of another tool. */
export async function transformMemory(
  profile: MemoryProfile,
  allocations: readonly Allocation[],
  format: TransformFormat,
): Promise<string | Uint8Array> {
  const tree = memoryTree(allocations);
  switch (format) {
    case "heapprofile":
      return toHeapProfile(tree);
    case "speedscope":
      return toSpeedscopeBytes(tree, profile.command);
    case "folded":
      return toFolded(tree);
    case "pprof":
      return toPprof(tree, {
        startedAt: profile.startedAt,
        duration: profile.duration,
        period: profile.interval,
      });
    case "csv":
      return toCsv(allocations);
  }
}

/** What Chrome DevTools and VS Code open as an allocation profile. */
function toHeapProfile(tree: CallTree): string {
  let id = 0;
  const node = ({ frame, self, children }: CallNode): object => ({
    callFrame: {
      functionName: frame.name === "all" ? "(root)" : frame.name,
      scriptId: "0",
      url: frame.url,
      lineNumber: Math.max(-1, frame.line - 1),
      columnNumber: Math.max(-1, frame.column - 1),
    },
    selfSize: self,
    id: ++id,
    children: [...children.values()].map(node),
  });
  return JSON.stringify({ head: node(tree.root), samples: [] });
}

function toSpeedscopeBytes(tree: CallTree, name: string): string {
  const frames: object[] = [];
  const indices = new Map<Frame, number>();
  const indexOf = (frame: Frame): number => {
    let index = indices.get(frame);
    if (index === undefined) {
      const place =
        frame.url === "" ? {} : { file: shortPath(frame.url), line: frame.line, col: frame.column };
      index = frames.push({ name: frame.name, ...place }) - 1;
      indices.set(frame, index);
    }
    return index;
  };
  const rows = [...stacksOf(tree)];
  const samples = rows.map(({ stack }) => stack.map(indexOf));
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "spool",
    name,
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [
      {
        type: "sampled",
        name,
        unit: "bytes",
        startValue: 0,
        endValue: tree.root.total,
        samples,
        weights: rows.map((row) => row.weight),
      },
    ],
  });
}

function toCsv(allocations: readonly Allocation[]): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const rows = allocations.map(({ thread, area, bytes, stack }) =>
    [quoted(memoryThreadLabel(thread)), area, bytes, quoted(stack.map(labelOf).join("; "))].join(","),
  );
  return ["thread,area,bytes,stack", ...rows, ""].join("\n");
}
