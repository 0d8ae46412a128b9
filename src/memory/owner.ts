import { readFileSync, readlinkSync } from "node:fs";
import { threads } from "./threads.ts";

/**
 * Who holds a lock, in 31 bits that any thread of any process can write, read and check:
 *
 *     22 bits thread id (the system's) | 9 bits of the moment it started (in clock ticks)
 *
 * The system's own table of threads is the owner table, so there is no slot of ours that a dead owner could leave
 * behind or that a new one could be mistaken in. A token looks alive wrongly only when the system reuses the thread
 * id *and* the new thread started at the same 10 ms of a 5.12 s cycle: 1 in 512 of an already rare event.
 *
 * Without /proc the token is made of the process id, and the death of a single thread cannot be seen.
 */
export function me(): number {
  if (mine === 0) mine = identify();
  return agency === null ? mine : (agency.client() ?? mine);
}

/** How a service acts for its clients: under their tokens, in its own memory. */
export interface Agency {
  /** The token of the client that it acts for just now. */
  client(): number | undefined;
  actFor<T>(token: number, fn: () => T): T;
  /** Whether the client is still there; the system is not asked. */
  present(token: number): boolean;
}

/** Makes this thread act for others: `me` and `isDead` then speak of its clients. */
export function setAgency(value: Agency): void {
  agency = value;
}

/** Runs what is given later on for the client that is acted for now; null where nobody acts for others. */
export function forClient(): ((fn: () => void) => void) | null {
  const token = agency?.client();
  return token === undefined ? null : (fn) => agency!.actFor(token, fn);
}

/** Whether the thread that the token names has ended. Costs about 20 us: for those who wait anyway. */
export function isDead(token: number): boolean {
  if (token <= 0 || token === mine) return false;
  if (agency !== null) return !agency.present(token);
  if (!hasProc) return !processAlive(token >>> THREAD_BITS);
  const status = statusOf(token >>> START_BITS);
  return status === null || status.ended || status.start !== (token & START_MASK);
}

/** The system's id of the thread behind a token, for messages. */
export function threadOf(token: number): number {
  return hasProc ? token >>> START_BITS : token >>> THREAD_BITS;
}

/** The system's id of the calling thread, as `top -H` shows it; the process id where /proc is missing. */
export function nativeThreadId(): number {
  return threadOf(me());
}

const START_BITS = 9;
const START_MASK = (1 << START_BITS) - 1;
const THREAD_BITS = 12;
const hasProc = process.platform === "linux";
let mine = 0;
let agency: Agency | null = null;

function identify(): number {
  if (!hasProc)
    return ((process.pid << THREAD_BITS) | (threads().threadId & ((1 << THREAD_BITS) - 1))) & 0x7fffffff;
  const id = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  return (id << START_BITS) | statusOf(id)!.start;
}

function statusOf(id: number): { readonly ended: boolean; readonly start: number } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${id}/stat`, "latin1");
  } catch {
    return null;
  }
  // The name in parentheses may itself hold blanks and parentheses, so fields count from the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { ended: fields[0] === "Z" || fields[0] === "X", start: Number(fields[19]) & START_MASK };
}

function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
