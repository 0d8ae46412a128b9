import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ArgumentError, ProfilerError, onAbort, requireInteger, requireSignal } from "../../core/index.ts";
import { assembleMemory } from "./assemble.ts";
import { ORDERS_VARIABLE, type Orders } from "./orders.ts";
import type { MemoryProfile } from "./profile-file.ts";
import type { RawThread } from "./raw.ts";

/** Bytes between samples: within a few percent for anything that matters, at a few percent of the time of most programs. */
export const RUN_INTERVAL: number = 32 * 1024;

export interface MemoryOptions {
  /** Bytes between two samples, 1024 or more. Halving it doubles precision and cost. */
  readonly interval?: number;
  /** Count everything that is allocated instead of what is alive (default false). */
  readonly total?: boolean;
  /** Note who allocates ArrayBuffers and Buffers. */
  readonly offHeap?: boolean;
}

export interface MemoryRunOptions extends MemoryOptions {
  /** Ends the program with SIGTERM; what was collected is the result. */
  readonly signal?: AbortSignal;
  /** Environment of the program; by default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The program's standard streams; by default it has ours. */
  readonly stdio?: "inherit" | "ignore";
}

export interface MemoryRun {
  readonly profile: MemoryProfile;
  readonly exitCode: number | null;
  readonly exitSignal: NodeJS.Signals | null;
}

/**
 * Runs a program and records the memory of all its Node processes and worker threads. Python: `memray run`.
 *
 * Each is told through NODE_OPTIONS to load a small module first; V8 samples allocations, a helper thread watches for
 * peaks, and the state at the exit of each thread is kept. A process that is killed leaves its last peak.
 * Rejects with ProfilerError when the program cannot be started or no Node process took part in it.
 */
export async function runMemory(
  command: string,
  args: readonly string[] = [],
  options: MemoryRunOptions = {},
): Promise<MemoryRun> {
  const collecting = checkedOptions(options, RUN_INTERVAL);
  const signal = requireSignal("signal", options.signal);
  const folder = mkdtempSync(join(tmpdir(), "spool-memory-"));
  try {
    const { code, by } = await execute(command, args, { ...collecting, folder }, options, signal);
    const threads = collected(folder);
    if (threads.length === 0) {
      throw new ProfilerError(
        `no Node process took part in \`${command}\`: it must be Node (22 or newer) or start it, and keep NODE_OPTIONS`,
      );
    }
    const profile = assembleMemory(threads, {
      ...collecting,
      command: [command, ...args].join(" "),
      notes: notesOn(threads),
    });
    return { profile, exitCode: code, exitSignal: by };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Options as every way of recording takes them, checked. */
export function checkedOptions(
  options: MemoryOptions,
  interval: number,
): { interval: number; total: boolean; offHeap: boolean } {
  return {
    interval: requireInteger("interval", options.interval ?? interval, 1024),
    total: options.total ?? false,
    offHeap: options.offHeap ?? true,
  };
}

async function execute(
  command: string,
  args: readonly string[],
  orders: Orders,
  options: MemoryRunOptions,
  signal: AbortSignal | undefined,
): Promise<{ code: number | null; by: NodeJS.Signals | null }> {
  const env = options.env ?? process.env;
  const child = spawn(command, args, {
    stdio: options.stdio ?? "inherit",
    env: {
      ...env,
      NODE_OPTIONS: `${env["NODE_OPTIONS"] ?? ""} --import=${preloadUrl()}`.trim(),
      [ORDERS_VARIABLE]: JSON.stringify(orders),
    },
  });
  const unlink = onAbort(signal, () => child.kill("SIGTERM"));
  // Ctrl-C reaches the program by itself; ours must live to collect what it leaves.
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (cause) =>
        reject(new ArgumentError(`\`${command}\` cannot be started: ${cause.message}`, { cause })),
      );
      child.once("close", (code, by) => resolve({ code, by }));
    });
  } finally {
    process.off("SIGINT", ignore);
    unlink();
  }
}

function preloadUrl(): string {
  const here = import.meta.filename;
  return pathToFileURL(join(import.meta.dirname, `preload${extname(here)}`)).href;
}

/** What the threads left: their last word, or what the helper saw of a process that was killed. */
function collected(folder: string): RawThread[] {
  const names = readdirSync(folder);
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
  return names
    .filter((name) => /^\d+-\d+\.json$/.test(name))
    .map((name) => {
      const thread = read<RawThread>(name);
      const watched = name.replace(".json", ".watch.json");
      const ended = thread.checkpoints.some((c) => c.kind === "end");
      return ended || !names.includes(watched) ? thread : { ...thread, ...read<Partial<RawThread>>(watched) };
    })
    .filter((thread) => thread.checkpoints.length > 0)
    .sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid || a.thread - b.thread);
}

function notesOn(threads: readonly RawThread[]): string[] {
  return threads
    .filter((thread) => thread.checkpoints.at(-1)?.kind !== "end")
    .map(
      ({ pid, name }) =>
        `process ${pid}, ${name} was ended before it could report; its last checkpoint stands for the end`,
    );
}
