import { readFileSync, readlinkSync, readdirSync } from "node:fs";

/** A listening or connected TCP socket as the kernel lists it. */
interface TcpEntry {
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly inode: string;
}

const LISTEN = "0A";
const ESTABLISHED = "01";
const LOOPBACK = /^(0100007F|00000000|0{24}01000000|0{32}|0000000000000000FFFF00000100007F)$/;

/**
 * The ports on which the process itself listens and that can be reached over loopback: the kernel's socket table of
 * its network namespace, matched against the sockets it holds open. This is how a port is proved to be its own
 * before anything is sent there.
 */
export function listeningPorts(pid: number): number[] {
  const own = socketInodes(pid);
  return tcpTable(pid)
    .filter((entry) => entry.state === LISTEN && own.has(entry.inode) && LOOPBACK.test(entry.address))
    .map((entry) => entry.port);
}

/** The process that listens on a loopback port, among the candidates; undefined when it is none of them. */
export function holderOf(port: number, candidates: readonly number[]): number | undefined {
  return candidates.find((pid) => {
    try {
      return listeningPorts(pid).includes(port);
    } catch {
      return false;
    }
  });
}

/** True when anyone, seen from `pid`'s network namespace, listens on the loopback port. */
export function isPortTaken(pid: number, port: number): boolean {
  return tcpTable(pid).some((e) => e.state === LISTEN && e.port === port && LOOPBACK.test(e.address));
}

/** True when a client is connected to the loopback port. */
export function hasClient(pid: number, port: number): boolean {
  return tcpTable(pid).some((e) => e.state === ESTABLISHED && e.port === port);
}

function tcpTable(pid: number): TcpEntry[] {
  return ["tcp", "tcp6"].flatMap((name) => {
    const lines = readFileSync(`/proc/${pid}/net/${name}`, "latin1").split("\n").slice(1);
    return lines.filter(Boolean).map((line) => {
      const columns = line.trim().split(/\s+/);
      const [address = "", port = "0"] = columns[1]!.split(":");
      return { address, port: Number.parseInt(port, 16), state: columns[3]!, inode: columns[9]! };
    });
  });
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // The descriptor was closed meanwhile.
    }
  }
  return inodes;
}
