import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { ProfilerError } from "../../core/index.ts";
import {
  type MemoryOptions,
  type MemoryProfile,
  allocationsAt,
  formatBytes,
  memoryTable,
  sparkline,
  startMemory,
  totalBytes,
} from "../../profile/index.ts";
import { parseCommand } from "../args.ts";
import { onInterrupt } from "../interrupt.ts";
import { RECORDING, memoryOptions, pidOption } from "./options.ts";

/** A look makes the target collect garbage, so not more often than this; milliseconds. */
const REFRESH_MS = 2000;
const HEAD_LINES = 5;
const DEFAULT_SIZE = { rows: 24, columns: 80 };

/** `spool mem live PID`: who holds memory, every two seconds. */
export async function live(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand(args, RECORDING);
  return showLive(pidOption(positionals[0]), memoryOptions(values));
}

/** Starts a program and shows its memory; its output is dropped. */
export async function runLive(
  command: string,
  args: readonly string[],
  options: MemoryOptions,
): Promise<number> {
  const child = spawn(command, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  await once(child, "spawn");
  const code = await showLive(child.pid!, options);
  child.kill();
  await ended;
  return code;
}

export async function showLive(pid: number, options: MemoryOptions): Promise<number> {
  const interrupts = onInterrupt(() => {});
  const quit = new AbortController();
  const unwatch = onKey(() => quit.abort());
  try {
    const recording = await startMemory(pid, options);
    const over = new AbortController();
    void recording.ended.then(() => over.abort());
    const stop = AbortSignal.any([interrupts.stop, quit.signal, over.signal]);
    while (!stop.aborted) {
      process.stdout.write(`\x1b[H\x1b[2J${screen(pid, await recording.look())}`);
      await delay(REFRESH_MS, undefined, { signal: stop }).catch(() => {});
    }
    await recording.stop();
    return 0;
  } catch (error) {
    if (!(error instanceof ProfilerError)) throw error;
    process.stderr.write(`spool mem live: ${error.message}\n`);
    return 1;
  } finally {
    unwatch();
    interrupts.release();
  }
}

function screen(pid: number, profile: MemoryProfile): string {
  const { rows, columns } = process.stdout.isTTY ? process.stdout : DEFAULT_SIZE;
  const allocations = allocationsAt(profile, "end");
  const timeline = profile.threads[0]?.timeline ?? [];
  const last = timeline.at(-1);
  const heap = timeline.map((point) => point.heapUsed);
  const head = [
    `Memory allocated in process ${pid} since ${profile.duration.toFixed(0)} s and still alive: ${formatBytes(totalBytes(allocations))}`,
    `Heap ${formatBytes(last?.heapUsed ?? 0)}  RSS ${formatBytes(last?.rss ?? 0)}  Threads ${profile.threads.length}   q quits`,
    sparkline(heap, columns),
    "",
  ];
  const table = memoryTable(allocations, { rows: Math.max(1, rows - HEAD_LINES - 1) });
  return [...head, ...table.split("\n")]
    .map((line) => line.slice(0, columns))
    .slice(0, rows - 1)
    .join("\n");
}

function onKey(quit: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const take = (key: Buffer): void => {
    if (key.toString() === "q" || key[0] === 3) quit();
  };
  stdin.setRawMode(true);
  stdin.on("data", take);
  return () => {
    stdin.off("data", take);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
