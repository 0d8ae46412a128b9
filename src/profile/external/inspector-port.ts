import { closeSync, readSync, writeSync } from "node:fs";
import { ProfilerError } from "../../core/index.ts";
import { openMemory } from "./force.ts";
import { AddressSpace } from "./maps.ts";
import { requirePlatform } from "./refusals.ts";
import { pointerAt } from "./remote-memory.ts";

/** Where Node's inspector listens, as the process keeps it: a std::string that holds its own text, then the port. */
const HOST = Buffer.from("127.0.0.1\0");
const TEXT_AT = 16;
const LENGTH_AT = 8;
const PORT_AT = 32;
const ADDRESS_BYTES = 34;
const CHUNK = 16 * 1024 * 1024;

/**
 * Has the inspector of a process listen on another port (0: a free one) when it is opened next, for when the port it
 * would take is taken. Writes into the process: two bytes, wherever it keeps the address 127.0.0.1 with exactly the
 * port `from`. The result puts them back.
 */
export function redirectInspector(pid: number, from: number, to: number): () => void {
  requirePlatform();
  const fd = openMemory(pid);
  let addresses: number[] = [];
  try {
    addresses = heapOf(pid).flatMap((range) => addressesIn(fd, range, from));
    for (const address of addresses) writePort(fd, address, to);
  } finally {
    closeSync(fd);
  }
  if (addresses.length > 0) return () => putBack(pid, addresses, from);
  throw new ProfilerError(
    `process ${pid} does not keep the port of its inspector, ${from}, where Node does: free the port, or use --external`,
    { code: "PROFILER_PORT_TAKEN" },
  );
}

/** The process may have ended meanwhile, or have let go of what held an address. */
function putBack(pid: number, addresses: readonly number[], port: number): void {
  let fd: number;
  try {
    fd = openMemory(pid);
  } catch {
    return;
  }
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  try {
    for (const address of addresses) {
      if (readAt(fd, bytes, address) === bytes.length && isAddress(bytes, 0, address))
        writePort(fd, address, port);
    }
  } finally {
    closeSync(fd);
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function heapOf(pid: number): Range[] {
  return new AddressSpace(pid).mappings.filter(({ path, writable }) => path === "[heap]" && writable);
}

/** Where in a range the inspector's address with this port lies. Chunks overlap by what a search could miss. */
function addressesIn(fd: number, { start, end }: Range, port: number): number[] {
  const found = new Set<number>();
  const bytes = Buffer.allocUnsafe(Math.min(CHUNK, end - start));
  for (let from = start; from < end; from += CHUNK - ADDRESS_BYTES) {
    const part = bytes.subarray(0, readAt(fd, bytes.subarray(0, end - from), from));
    for (let at = part.indexOf(HOST); at >= 0; at = part.indexOf(HOST, at + 1)) {
      const head = at - TEXT_AT;
      if (head < 0 || head + ADDRESS_BYTES > part.length) continue;
      if (isAddress(part, head, from + head) && part.readUInt16LE(head + PORT_AT) === port)
        found.add(from + head);
    }
  }
  return [...found];
}

/** A short std::string points to the text that it holds itself; so nothing but a string looks like one. */
function isAddress(bytes: Buffer, at: number, address: number): boolean {
  return (
    pointerAt(bytes, at) === address + TEXT_AT &&
    pointerAt(bytes, at + LENGTH_AT) === HOST.length - 1 &&
    bytes.subarray(at + TEXT_AT, at + TEXT_AT + HOST.length).equals(HOST)
  );
}

function readAt(fd: number, into: Buffer, address: number): number {
  try {
    return readSync(fd, into, 0, into.length, address);
  } catch {
    return 0; // it is not mapped any more
  }
}

function writePort(fd: number, address: number, port: number): void {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(port);
  writeSync(fd, bytes, 0, 2, address + PORT_AT);
}
