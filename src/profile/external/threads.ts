import { closeSync, openSync, readFileSync, readSync, readdirSync } from "node:fs";
import type { AddressSpace, Mapping } from "./maps.ts";
import { type RemoteMemory, pointerAt } from "./remote-memory.ts";

/** What the kernel says a thread is doing. */
export type ThreadState =
  | { readonly kind: "running" }
  /** Asleep in a system call (or, with call -1, elsewhere in the kernel). */
  | { readonly kind: "asleep"; readonly call: number; readonly sp: number; readonly pc: number };

export function threadIds(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .sort((a, b) => a - b);
}

export function threadState(pid: number, thread: number): ThreadState {
  return stateIn(readFileSync(stateFile(pid, thread), "latin1"));
}

/** Longer than any line of the file. */
const STATE_BYTES = 256;

/** As `threadState`, for threads that are asked often: their files stay open. Must be closed. */
export class ThreadStates {
  readonly #pid: number;
  readonly #files = new Map<number, number>();
  readonly #line: Buffer = Buffer.alloc(STATE_BYTES);

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Throws when the thread is gone. */
  of(thread: number): ThreadState {
    let file = this.#files.get(thread);
    if (file === undefined) this.#files.set(thread, (file = openSync(stateFile(this.#pid, thread), "r")));
    try {
      return stateIn(this.#line.toString("latin1", 0, readSync(file, this.#line, 0, STATE_BYTES, 0)));
    } catch (error) {
      this.#forget(thread, file);
      throw error;
    }
  }

  close(): void {
    for (const [thread, file] of this.#files) this.#forget(thread, file);
  }

  #forget(thread: number, file: number): void {
    this.#files.delete(thread);
    closeSync(file);
  }
}

function stateFile(pid: number, thread: number): string {
  return `/proc/${pid}/task/${thread}/syscall`;
}

function stateIn(line: string): ThreadState {
  if (line.startsWith("running")) return { kind: "running" };
  const words = line.trim().split(" ");
  return { kind: "asleep", call: Number(words[0]), sp: Number(words.at(-2)), pc: Number(words.at(-1)) };
}

export function threadName(pid: number, thread: number): string {
  return readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trimEnd();
}

/** True when a thread is gone, or a zombie that nobody has collected yet. */
export function hasEnded(pid: number, thread: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    return /[ZX]/.test(stat[stat.lastIndexOf(")") + 2]!);
  } catch {
    return true;
  }
}

/** A thread's own number as the target's C library knows it: the innermost of its PID namespaces. */
function innerThreadId(pid: number, thread: number): number {
  const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
  return Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[0].split(/\s+/).at(-1) ?? thread);
}

const CONTROL_BLOCK_ALIGN = 64;
const CONTROL_BLOCK_BYTES = 1024;
const SELF_AGAIN = 16;
/** Above this a mapping is a heap or a thread's arena, not where the C library keeps the main thread's block. */
const LARGEST_SEARCHED = 4 * 1024 * 1024;
/** The block of every other thread lies at the upper end of its stack's mapping. */
const STACK_TOP_BYTES = 64 * 1024;

/**
 * Finds the thread pointer of a sleeping thread without stopping it: glibc's thread control block begins with its own
 * address, repeats it 16 bytes on, and holds the thread's id. Undefined when it is not found (another C library).
 */
export function findThreadPointer(
  memory: RemoteMemory,
  space: AddressSpace,
  pid: number,
  thread: number,
  sp: number,
): number | undefined {
  const id = innerThreadId(pid, thread);
  for (const { start, end } of thread === pid ? mainThreadHomes(space) : stackTop(space, sp)) {
    const bytes = memory.readUpTo(start, end - start);
    for (let at = 0; at + CONTROL_BLOCK_BYTES <= bytes.length; at += CONTROL_BLOCK_ALIGN) {
      const address = start + at;
      if (pointerAt(bytes, at) !== address || pointerAt(bytes, at + SELF_AGAIN) !== address) continue;
      const block = new Int32Array(
        bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + CONTROL_BLOCK_BYTES),
      );
      if (block.includes(id)) return address;
    }
  }
  return undefined;
}

type Range = Pick<Mapping, "start" | "end">;

/** The loader puts the main thread's block near the libraries, which lie at the top: from there downward. */
function mainThreadHomes(space: AddressSpace): Range[] {
  return space.mappings
    .filter(
      (m) => m.writable && (m.path === "" || m.path === "[heap]") && m.end - m.start <= LARGEST_SEARCHED,
    )
    .reverse();
}

function stackTop(space: AddressSpace, sp: number): Range[] {
  const stack = space.locate(sp);
  if (stack === undefined) return [];
  // Neighbouring stacks can share a mapping; then the block is somewhere above the stack pointer.
  const top = Math.max(stack.start, stack.end - STACK_TOP_BYTES);
  return [
    { start: top - (top % CONTROL_BLOCK_ALIGN), end: stack.end },
    { start: sp - (sp % CONTROL_BLOCK_ALIGN), end: Math.min(stack.end, sp + LARGEST_SEARCHED * 2) },
  ];
}
