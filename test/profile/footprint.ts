import { readdirSync, readlinkSync } from "node:fs";
import { readProcess } from "../../src/profile/attach/proc.ts";
import { listeningPorts } from "../../src/profile/attach/sockets.ts";

/** What the kernel knows of a process that an attach could change. */
export interface Footprint {
  readonly ports: readonly number[];
  readonly threads: number;
  readonly descriptors: readonly string[];
  readonly handlesSigusr1: boolean;
}

export function footprint(pid: number): Footprint {
  const { threads, handlesSigusr1 } = readProcess(pid);
  return { ports: listeningPorts(pid), threads, descriptors: descriptors(pid), handlesSigusr1 };
}

/** Waits until the process is as it was, for as long as the agent's thread is given to leave; then gives what is. */
export async function settled(pid: number, before: Footprint): Promise<Footprint> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const now = footprint(pid);
    if (JSON.stringify(now) === JSON.stringify(before) || performance.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Numbers of sockets and pipes are of no interest, only how many there are of each kind. */
function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\[\d+\]/, "")];
      } catch {
        return [];
      }
    })
    .sort();
}
