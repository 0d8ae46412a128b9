import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { ArgumentError, UsageError } from "../../core/index.ts";
import {
  type Allocation,
  type MemoryProfile,
  type Moment,
  TRANSFORMS,
  type TransformFormat,
  allocationsAt,
  memoryDiff,
  memoryDiffText,
  memoryFlamePage,
  memoryStats,
  memoryStatsText,
  memoryTable,
  memoryTimelinePage,
  memoryTree,
  memoryTreeText,
  readMemoryProfile,
  sortedRows,
  transformMemory,
} from "../../profile/index.ts";
import { exclusive, integerOption, parseCommand } from "../args.ts";

const OPTIONS = {
  peak: { type: "boolean" },
  end: { type: "boolean" },
  leaks: { type: "boolean" },
  thread: { type: "string" },
  pid: { type: "string" },
  rows: { type: "string", short: "n" },
  sort: { type: "string", short: "s" },
  biggest: { type: "string", short: "b" },
  json: { type: "boolean" },
  output: { type: "string", short: "o" },
  format: { type: "string" },
  "by-thread": { type: "boolean" },
  html: { type: "string" },
} as const;

type Values = ReturnType<typeof parseCommand<typeof OPTIONS>>["values"];

/** `spool mem table|tree|... FILE`. */
export async function report(name: string, args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, OPTIONS);
  const [path, second] = positionals;
  if (path === undefined)
    throw new UsageError(`name the file, such as \`spool mem ${name} spool-mem-app.ts.json.gz\``);
  try {
    if (name === "diff") return diff(path, second, values);
    return await show(name, path, readMemoryProfile(path), values);
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof ArgumentError)) throw error;
    throw new UsageError(error.message);
  }
}

async function show(name: string, path: string, profile: MemoryProfile, values: Values): Promise<number> {
  const moment = name === "leaks" ? "leaks" : momentOf(profile, values);
  const allocations = selected(profile, moment, values);
  const rows = integerOption("--rows", values.rows, 1);
  const byThread = values["by-thread"];
  switch (name) {
    case "table":
    case "leaks":
      return table(allocations, { ...(rows === undefined ? {} : { rows }), sort: "own" }, values.json);
    case "summary":
      return table(
        allocations,
        { ...(rows === undefined ? {} : { rows }), sort: sortOf(values.sort) },
        values.json,
      );
    case "tree": {
      const biggest = integerOption("--biggest", values.biggest, 1);
      const tree = memoryTree(allocations, byThread === undefined ? {} : { byThread });
      return print(memoryTreeText(tree, biggest === undefined ? {} : { biggest }));
    }
    case "stats":
      return print(values.json === true ? json(memoryStats(profile, rows)) : memoryStatsText(profile, rows));
    case "flamegraph":
      return save(
        memoryFlamePage(profile, allocations, { moment, ...(byThread === undefined ? {} : { byThread }) }),
        values.output ?? fileBeside(path, ".flame.html"),
      );
    case "temporal":
      return save(memoryTimelinePage(profile), values.output ?? fileBeside(path, ".time.html"));
    default: {
      const format = formatOf(values.format);
      return save(
        await transformMemory(profile, allocations, format),
        values.output ?? fileBeside(path, TRANSFORMS[format]),
      );
    }
  }
}

function diff(before: string, after: string | undefined, values: Values): number {
  if (after === undefined) throw new UsageError("name two files, the earlier one first");
  const [one, two] = [readMemoryProfile(before), readMemoryProfile(after)];
  const moment = momentOf(two, values);
  const [was, is] = [selected(one, moment, values), selected(two, moment, values)];
  if (values.html !== undefined)
    return save(memoryFlamePage(two, is, { moment, before: was, byThread: false }), values.html);
  const rows = memoryDiff(was, is);
  return print(
    values.json === true ? json(rows) : memoryDiffText(rows, integerOption("--rows", values.rows, 1)),
  );
}

function momentOf(profile: MemoryProfile, values: Values): Moment {
  const given = exclusive({ peak: values.peak, end: values.end, leaks: values.leaks });
  if (profile.counts === "total") {
    if (given === "peak" || given === "leaks")
      throw new UsageError(`the file counts totals, which have no ${given}: record again without --total`);
    return "end";
  }
  return given ?? "peak";
}

function selected(profile: MemoryProfile, moment: Moment, values: Values): Allocation[] {
  const thread = integerOption("--thread", values.thread, 0);
  const pid = integerOption("--pid", values.pid, 1);
  return allocationsAt(profile, moment).filter(
    (allocation) =>
      (thread === undefined || allocation.thread.thread === thread) &&
      (pid === undefined || allocation.thread.pid === pid),
  );
}

function table(
  allocations: readonly Allocation[],
  options: { rows?: number; sort: "own" | "total" },
  asJson: boolean | undefined,
): number {
  return print(asJson === true ? json(sortedRows(allocations, options)) : memoryTable(allocations, options));
}

function sortOf(text: string | undefined): "own" | "total" {
  if (text === undefined || text === "total") return "total";
  if (text === "own") return "own";
  throw new UsageError(`--sort takes own or total, got "${text}"`);
}

function formatOf(text: string | undefined): TransformFormat {
  if (text === undefined) return "heapprofile";
  if (Object.hasOwn(TRANSFORMS, text)) return text as TransformFormat;
  throw new UsageError(`--format takes ${Object.keys(TRANSFORMS).join(", ")}, got "${text}"`);
}

function fileBeside(path: string, ending: string): string {
  return `${basename(path).replace(/\.json(\.gz)?$/, "")}${ending}`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function save(content: string | Uint8Array, path: string): number {
  writeFileSync(path, content);
  process.stderr.write(`spool mem: ${path}\n`);
  return 0;
}
