import { allPids, nodeVersionOf, type ProcessFacts, readProcess, sameNamespace, titleOf } from "./proc.ts";
import { listeningPorts } from "./sockets.ts";

/** A Node process on this machine, as `spool ps` lists it. */
export interface NodeProcess extends ProcessFacts {
  readonly version: string;
  readonly title: string;
  /** Processor time used since it started, as a share of one processor. */
  readonly cpuShare: number;
  /** How it can be entered, in words; begins with `no` when it cannot. */
  readonly attach: string;
}

const INSPECTOR_PORT = 9229;

/** Every Node process that can be seen; nothing is sent to any of them. */
export function listProcesses(): NodeProcess[] {
  return allPids().flatMap((pid) => {
    try {
      const facts = readProcess(pid);
      const version = looksLikeNode(facts) ? nodeVersionOf(pid) : null;
      return version === null ? [] : [describe(facts, version)];
    } catch {
      // Gone meanwhile, another user's, or a kernel thread.
      return [];
    }
  });
}

/** Reading every program on the machine for its version would take seconds; the name decides which are read. */
function looksLikeNode(facts: ProcessFacts): boolean {
  return /node|electron/i.test(facts.exe) || /(^|\/)node/.test(facts.argv[0] ?? "");
}

function describe(facts: ProcessFacts, version: string): NodeProcess {
  const age = secondsSinceBoot() - facts.startedAt;
  return {
    ...facts,
    version,
    title: titleOf(facts),
    cpuShare: age > 0 ? facts.cpu / age : 0,
    attach: way(facts),
  };
}

function way(facts: ProcessFacts): string {
  const { pid } = facts;
  if (pid === process.pid) return "this is spool itself";
  if (sameNamespace(pid, "net") === false) return `external; inspector: nsenter -t ${pid} -n`;
  if (!facts.handlesSigusr1) return "external (it does not take SIGUSR1)";
  return listeningPorts(pid).includes(INSPECTOR_PORT)
    ? "inspector (port open), external"
    : "inspector, external";
}

function secondsSinceBoot(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
