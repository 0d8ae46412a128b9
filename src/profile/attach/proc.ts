import { closeSync, openSync, readFileSync, readlinkSync, readSync, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { ProfilerError } from "../../core/index.ts";

/** What Linux tells about a process without touching it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Path of the program file. */
  readonly exe: string;
  readonly argv: readonly string[];
  readonly uid: number;
  readonly threads: number;
  /** Bytes. */
  readonly rss: number;
  /** Processor time used so far, seconds. */
  readonly cpu: number;
  /** Seconds since the machine started. */
  readonly startedAt: number;
  /** Its PID as it sees itself, in the innermost namespace. */
  readonly ownPid: number;
  /** SIGUSR1 has a handler; without one the signal would end the process. */
  readonly handlesSigusr1: boolean;
}

const TICKS_PER_SECOND = 100;
const SIGUSR1_BIT = 1n << 9n;

/** Facts about a process. Throws ProfilerError when it does not exist or may not be read. */
export function readProcess(pid: number): ProcessFacts {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const numbers = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (numbers[0] === "Z") throw gone(pid);
    return {
      pid,
      parent: Number(numbers[1]),
      exe: readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""),
      argv: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean),
      uid: Number(field(status, "Uid").split("\t")[0]),
      threads: Number(field(status, "Threads")),
      rss: Number.parseInt(field(status, "VmRSS"), 10) * 1024 || 0,
      cpu: (Number(numbers[11]) + Number(numbers[12])) / TICKS_PER_SECOND,
      startedAt: Number(numbers[19]) / TICKS_PER_SECOND,
      ownPid: Number(field(status, "NSpid").split("\t").at(-1)),
      handlesSigusr1: (BigInt(`0x${field(status, "SigCgt")}`) & SIGUSR1_BIT) !== 0n,
    };
  } catch (error) {
    throw explain(pid, error);
  }
}

/** True while the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}

/** Every PID on this machine. */
export function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The process and all that descend from it, parents first. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const other of allPids()) {
    const parent = parentOf(other);
    if (parent !== undefined) parents.set(other, parent);
  }
  const tree = [pid];
  for (const member of tree) for (const [child, parent] of parents) if (parent === member) tree.push(child);
  return tree;
}

/** True when both processes see the same network (or mount, pid) namespace; undefined when that may not be read. */
export function sameNamespace(pid: number, kind: "net" | "mnt" | "pid"): boolean | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/** A short name for reports: the script, or the program. */
export function titleOf(facts: ProcessFacts): string {
  const script = facts.argv.slice(1).find((arg) => !arg.startsWith("-"));
  return script === undefined ? basename(facts.argv[0] ?? facts.exe) : basename(script);
}

const versions = new Map<string, string | null>();
const RELEASE = "https://nodejs.org/download/release/v";
const CHUNK = 4 << 20;

/** `v24.11.0`, read from the program file (Node's release URL is in it); null when the file is not Node. */
export function nodeVersionOf(pid: number): string | null {
  const path = `/proc/${pid}/exe`;
  const { dev, ino } = statSync(path);
  const key = `${dev}:${ino}`;
  let version = versions.get(key);
  if (version === undefined) {
    version = scanForVersion(path);
    versions.set(key, version);
  }
  return version;
}

function scanForVersion(path: string): string | null {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(CHUNK + 64);
    for (let position = 0; ; position += CHUNK) {
      const length = readSync(file, buffer, 0, buffer.length, position);
      const at = buffer.subarray(0, length).indexOf(RELEASE);
      if (at >= 0) return /v\d+\.\d+\.\d+/.exec(buffer.toString("latin1", at, at + 64))?.[0] ?? null;
      if (length < buffer.length) return null;
    }
  } finally {
    closeSync(file);
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function field(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "0";
}

export function gone(pid: number): ProfilerError {
  return new ProfilerError(
    `there is no process ${pid} (it may have ended); \`spool ps\` lists those there are`,
    {
      code: "PROFILER_NO_PROCESS",
    },
  );
}

function explain(pid: number, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ESRCH") return gone(pid);
  if (code !== "EACCES" && code !== "EPERM") return error;
  return new ProfilerError(
    `process ${pid} belongs to another user: run spool as that user, or as root (sudo spool ...)`,
    { code: "PROFILER_NOT_PERMITTED", cause: error },
  );
}
