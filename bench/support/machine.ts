import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Where the figures come from: they mean nothing without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly date: string;
  /** One-minute load average at the start; it counts this benchmark's own work of the last minute too. */
  readonly load: number;
  /** Cores that others kept busy while this program waited, before the table and after it; absent off Linux. */
  readonly busyCores?: number;
}

export function machine(): Machine {
  const [first, ...rest] = cpus();
  return {
    cpu: first?.model ?? "unknown",
    cores: rest.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    date: new Date().toISOString(),
    load: Number(loadavg()[0]!.toFixed(2)),
  };
}

const WINDOW_MS = 300;

/** Cores that anyone but this program keeps busy. Call it while nothing of one's own runs. */
export async function busyCores(): Promise<number | undefined> {
  const before = ticks();
  if (before === undefined) return undefined;
  const { user, system } = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const after = ticks()!;
  const own = process.cpuUsage({ user, system });
  const share = (after.busy - before.busy) / Math.max(1, after.all - before.all);
  const ownCores = (own.user + own.system) / 1000 / WINDOW_MS;
  return Math.max(0, Number((share * cpus().length - ownCores).toFixed(2)));
}

/** Time of all cores since the machine started, in its own ticks. */
function ticks(): { readonly busy: number; readonly all: number } | undefined {
  let line: string;
  try {
    line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!;
  } catch {
    return undefined;
  }
  // user nice system idle iowait irq softirq steal; what a hypervisor takes away counts as busy.
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = times.reduce((sum, time) => sum + time, 0);
  return { all, busy: all - times[3]! - times[4]! };
}
