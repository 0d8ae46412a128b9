import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { ArgumentError } from "../../core/index.ts";
import type { Frame } from "../model/frame.ts";
import type { CheckpointKind } from "./raw.ts";

/**
 * What a memory profile is, and its file: this object as JSON, gzipped when the name ends in `.gz`. Every report of
 * `spool mem` reads it. Bytes everywhere; times in seconds since the profile began.
 */
export interface MemoryProfile {
  readonly format: "spool-memory";
  readonly version: 1;
  readonly command: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly duration: number;
  /** Bytes between two samples. */
  readonly interval: number;
  /** `live`: checkpoints hold what was alive then. `total`: what had been allocated until then, freed or not. */
  readonly counts: "live" | "total";
  readonly frames: readonly Frame[];
  /** A tree of stacks: each is its parent's stack (-1: none) with one frame more. */
  readonly stacks: readonly (readonly [parent: number, frame: number])[];
  readonly threads: readonly MemoryThread[];
  readonly notes: readonly string[];
}

export interface MemoryThread {
  readonly pid: number;
  readonly process: string;
  /** 0 is the main thread. */
  readonly thread: number;
  readonly name: string;
  readonly nodeVersion: string;
  /** In order of time; the last is the end. */
  readonly checkpoints: readonly Checkpoint[];
  readonly timeline: readonly TimelinePoint[];
}

/** Who held what at one moment, by stack. */
export interface Checkpoint {
  readonly time: number;
  readonly kind: CheckpointKind;
  /** In V8's heap, estimated from samples. */
  readonly heap: readonly (readonly [stack: number, bytes: number])[];
  /** In ArrayBuffers and Buffers, approximate. */
  readonly offHeap: readonly (readonly [stack: number, bytes: number, count: number])[];
}

export interface TimelinePoint {
  readonly time: number;
  readonly heapUsed: number;
  /** ArrayBuffers and Buffers; 0 where Node does not tell (before Node 24). */
  readonly offHeap: number;
  /** Of the whole process. */
  readonly rss: number;
}

/** Writes a profile; about as fast as JSON.stringify. */
export function writeMemoryProfile(path: string, profile: MemoryProfile): void {
  const text = JSON.stringify(profile);
  writeFileSync(path, path.endsWith(".gz") ? gzipSync(text) : text);
}

/** Reads a profile. Throws ArgumentError when the file is not one. */
export function readMemoryProfile(path: string): MemoryProfile {
  const bytes = read(path);
  const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  const profile = parse(text.toString("utf8")) as Partial<MemoryProfile> | undefined;
  if (profile?.format !== "spool-memory")
    throw new ArgumentError(
      `${path} is not a memory profile; \`spool mem run\` and \`spool mem attach\` write them`,
    );
  if (profile.version !== 1)
    throw new ArgumentError(
      `${path} is a memory profile of version ${profile.version}; this spool reads version 1`,
    );
  return profile as MemoryProfile;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ArgumentError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
