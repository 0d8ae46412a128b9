import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { isDead, me } from "./owner.ts";
import { requirePosix, type Watch } from "./posix.ts";
import { threads } from "./threads.ts";

/**
 * How a process calls the event loop of another that waits on a word: a pipe per thread, whose reading end the loop
 * watches. Its writing end is entered into the segment's table of bells; whoever changes the word opens it once
 * through /proc and writes one byte. Several threads may share a bit: each looks at its own waiters when it is rung.
 *
 * Table, from byte 64 of a segment: per entry the words token | process id | descriptor | spare.
 */
export function loopBitIn(words: Int32Array): number {
  const entry = myEntryIn(words);
  // A full table leaves this thread to its regular look at all waiters, every tenth of a second.
  return entry < 0 ? 0 : 1 << (FIRST_BIT + (entry % BITS));
}

/** Calls `rung` whenever this thread's bell rings, until `offBell`. */
export function onBell(rung: () => void): void {
  listeners.add(rung);
}

export function offBell(rung: () => void): void {
  listeners.delete(rung);
}

/** Rings every thread in the table that has one of the bits. */
export function ringIn(words: Int32Array, bits: number): void {
  for (let entry = 0; entry < ENTRIES; entry++) {
    const at = FIRST_WORD + entry * ENTRY_WORDS;
    const token = Atomics.load(words, at);
    if (token === FREE) return;
    if (token > 0 && (bits & (1 << (FIRST_BIT + (entry % BITS)))) !== 0) {
      ringOne(token, words[at + PID]!, words[at + FD]!);
    }
  }
}

const FIRST_WORD = 16;
const ENTRY_WORDS = 4;
const ENTRIES = 240;
const PID = 1;
const FD = 2;
const FREE = 0;
/** An entry whose thread has left; it can be taken again. Scans stop at FREE, so an entry never becomes FREE. */
const LEFT = -1;
/** Being filled in. */
const TAKEN = -2;
/** Bit 0 means sleepers and bit 30 starving (segment.ts), bit 31 is the sign. */
const FIRST_BIT = 1;
const BITS = 29;

interface Bell {
  readonly write: number;
  /** Held here because a watch ends when it is collected. */
  readonly watch: Watch;
}

let bell: Bell | null = null;
const listeners = new Set<() => void>();
const entered = new Set<WeakRef<Int32Array>>();
/** Writing ends of other threads' bells, by token: an open end always means that very pipe. */
const ends = new Map<number, number>();
const BYTE = new Uint8Array([1]);

function myEntryIn(words: Int32Array): number {
  for (let entry = 0; entry < ENTRIES; entry++) {
    const at = FIRST_WORD + entry * ENTRY_WORDS;
    const token = Atomics.load(words, at);
    if (token === me()) return entry;
    const free = token === FREE || token === LEFT || isDead(token);
    if (free && Atomics.compareExchange(words, at, token, TAKEN) === token) {
      words[at + PID] = process.pid;
      words[at + FD] = myBell().write;
      Atomics.store(words, at, me());
      entered.add(new WeakRef(words));
      return entry;
    }
  }
  return -1;
}

function myBell(): Bell {
  if (bell !== null) return bell;
  const [read, write] = requirePosix().pipe();
  const watch = requirePosix().watch(read, answer);
  bell = { write, watch };
  watch.unref();
  // The descriptors of a thread would outlive it.
  if (!threads().isMainThread) {
    process.once("exit", () => {
      for (const ref of entered) leave(ref.deref());
      watch.close();
      closeSync(write);
    });
  }
  return bell;
}

function leave(words: Int32Array | undefined): void {
  if (words === undefined) return;
  for (let entry = 0; entry < ENTRIES; entry++) {
    Atomics.compareExchange(words, FIRST_WORD + entry * ENTRY_WORDS, me(), LEFT);
  }
}

function answer(): void {
  for (const rung of listeners) rung();
}

function ringOne(token: number, pid: number, fd: number): void {
  if (token === me()) {
    queueMicrotask(() => {
      for (const rung of listeners) rung();
    });
    return;
  }
  const end = ends.get(token) ?? openEnd(token, pid, fd);
  if (end < 0) return;
  try {
    writeSync(end, BYTE);
  } catch (error) {
    // EAGAIN: the bell is ringing already. Anything else: its thread is gone.
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return;
    closeSync(end);
    ends.delete(token);
  }
}

function openEnd(token: number, pid: number, fd: number): number {
  // A dead thread's descriptor may mean another file by now; one of a living thread is its bell.
  if (isDead(token)) return -1;
  try {
    const end = openSync(`/proc/${pid}/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    if (fstatSync(end).isFIFO()) {
      ends.set(token, end);
      return end;
    }
    closeSync(end);
  } catch {
    // It ended meanwhile.
  }
  return -1;
}
