import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { ProfilerError, requireInteger } from "../../core/index.ts";
import {
  isAlive,
  nodeVersionOf,
  type ProcessFacts,
  readProcess,
  sameNamespace,
  titleOf,
} from "../attach/proc.ts";
import { type Frame, FrameTable, kindOf } from "../model/frame.ts";
import { SourceMaps } from "../model/source-maps.ts";
import { CodeMap } from "./code-map.ts";
import { type ElfFile, openElf } from "./elf.ts";
import { type FunctionPlace, type SharedFunction, V8Heap } from "./heap.ts";
import { type Layout, layoutOf } from "./layout.ts";
import type { Libc } from "./libc.ts";
import { AddressSpace } from "./maps.ts";
import { denied, requirePlatform, tracedBy } from "./refusals.ts";
import { RemoteMemory } from "./remote-memory.ts";
import { StackCopy } from "./stack-copy.ts";
import { type Stack, StackImage } from "./stack-image.ts";
import { type Registers, StopFailed, type Stoppable, whileStopped } from "./stop.ts";
import { ThreadStates, findThreadPointer, hasEnded, threadIds, threadName, threadState } from "./threads.ts";
import { VectorRead } from "./vector-read.ts";
import { ISOLATE_BYTES, StackWalker } from "./walk.ts";

/** The end of the mangled name of V8's thread-local "isolate of this thread"; its class differs between lines. */
const CURRENT_ISOLATE = "18g_current_isolate_E";
const HELPER_THREAD = /^(libuv|V8|Delayed|Signal)/;
/** How often a thread is looked at again when it moved while it was read, or its stack is longer than was copied. */
const ATTEMPTS = 4;
/** Bytes of a running thread's stack that are copied the first time. */
const FIRST_REACH = 16 * 1024;
/** V8 limits a JavaScript stack to about 1 MB; a program may raise that with --stack-size. */
const LONGEST_REACH = 16 * 1024 * 1024;

/** A thread as it was found: raw, still to be turned into names. */
export interface RawStack {
  readonly thread: number;
  readonly asleepIn: number | undefined;
  /** Innermost first. */
  readonly functions: readonly SharedFunction[];
  /** Where the thread was, when that is C++ or the kernel; 0 in generated code. */
  readonly native: number;
  readonly collecting: boolean;
}

/**
 * A Node process seen from outside: its memory is read, its running threads are stopped for microseconds; nothing is
 * written into it and no signal is sent. Linux on x86-64 with glibc. Must be closed.
 */
export class ExternalTarget {
  readonly pid: number;
  /** What the process is called in reports. */
  readonly title: string;
  readonly #libc: Libc | undefined;
  readonly #ownChild: boolean;
  readonly #memory: RemoteMemory;
  readonly #space: AddressSpace;
  readonly #heap: V8Heap;
  readonly #walker: StackWalker;
  readonly #isolateOffset: number;
  readonly #code: CodeMap;
  readonly #states: ThreadStates;
  readonly #threadPointers = new Map<number, number>();
  readonly #reaches = new Map<number, number>();
  #copy: Buffer = Buffer.alloc(ISOLATE_BYTES + FIRST_REACH);
  readonly #frames = new FrameTable();
  readonly #frameOf = new WeakMap<FunctionPlace, Frame>();
  readonly #maps: SourceMaps;

  /** `libc` allows running threads to be seen; without it only sleeping ones are. */
  constructor(pid: number, libc?: Libc) {
    requirePlatform();
    this.pid = requireInteger("pid", pid, 1);
    this.#libc = libc;
    const facts = readProcess(pid);
    this.title = titleOf(facts);
    this.#ownChild = facts.parent === process.pid;
    const executable = readlinkSync(`/proc/${pid}/exe`);
    const elf = openElf(`/proc/${pid}/exe`);
    const layout = layoutIn(elf, facts);
    this.#isolateOffset = isolateOffset(elf, executable);
    this.#maps = new SourceMaps(this.#frames, sameNamespace(pid, "mnt") === false ? `/proc/${pid}/root` : "");
    this.#space = new AddressSpace(pid);
    this.#code = new CodeMap(pid, this.#space, elf, executable);
    this.#memory = openMemory(pid, libc);
    this.#states = new ThreadStates(pid);
    this.#heap = new V8Heap(this.#memory, layout);
    this.#walker = new StackWalker(layout, (pc) => this.#code.isGenerated(pc));
  }

  close(): void {
    this.#memory.close();
    this.#states.close();
  }

  /** The threads that run JavaScript: the main thread first, then workers by age. */
  javaScriptThreads(): number[] {
    const owners = new Map<number, number>();
    for (const thread of this.#threadIds()) {
      const isolate = this.#isolateSeen(thread);
      // V8's helper threads enter the isolate they compile for, and are older than the worker that it belongs to.
      if (isolate !== 0 && owners.get(isolate) !== this.pid) owners.set(isolate, thread);
    }
    const workers = new Set(owners.values());
    workers.delete(this.pid);
    return [this.pid, ...[...workers].sort((a, b) => a - b)];
  }

  #threadIds(): number[] {
    try {
      return threadIds(this.pid);
    } catch {
      return []; // the process ended while it was looked at
    }
  }

  /** The stack of one thread now; undefined when the thread is gone. */
  look(thread: number): RawStack | undefined {
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const found = this.#lookAsleep(thread) ?? this.#lookRunning(thread);
        if (found !== undefined) return found;
      }
    } catch (error) {
      this.#unlessThreadEnded(thread, error);
    }
    return undefined;
  }

  /** The function as a frame, taken to its own source where there is a source map. */
  frameOf(shared: SharedFunction): Frame {
    const place = this.#heap.place(shared);
    let frame = this.#frameOf.get(place);
    if (frame === undefined) {
      frame = this.#maps.map(this.#frames.intern({ ...place, kind: kindOf(place.name, place.url) }));
      this.#frameOf.set(place, frame);
    }
    return frame;
  }

  /** The native function at an address, as a frame. */
  nativeFrame(address: number): Frame {
    const { name, library } = this.#code.placeOf(address);
    return this.#frames.intern({ name, url: library, line: 0, column: 0, kind: "native" });
  }

  /** A sleeping thread is read as it lies; what was read counts only when the thread did not move meanwhile. */
  #lookAsleep(thread: number): RawStack | undefined {
    const state = this.#states.of(thread);
    if (state.kind === "running" || state.sp === 0 || this.#code.isGenerated(state.pc)) return undefined;
    const isolate = this.#isolateAsleep(thread, state.sp);
    const head = isolate === 0 ? undefined : this.#memory.read(isolate, ISOLATE_BYTES);
    const stack = new StackImage(this.#memory, state.sp, this.#stackEnd(state.sp));
    const read = this.#read(thread, { pc: state.pc, sp: state.sp }, stack, head, state.call);
    const after = this.#states.of(thread);
    return after.kind === "asleep" && after.sp === state.sp && after.pc === state.pc ? read : undefined;
  }

  /** A running thread stands still only while its registers, its stack and the head of its isolate are copied. */
  #lookRunning(thread: number): RawStack | undefined {
    if (this.#libc === undefined) return undefined;
    const reach = this.#reaches.get(thread) ?? FIRST_REACH;
    const isolate = this.#isolateOf(thread);
    const head = isolate === 0 ? [] : [{ address: isolate, length: ISOLATE_BYTES }];
    // One buffer for all looks: garbage would be collected while a thread stands still.
    if (this.#copy.length < ISOLATE_BYTES + reach) this.#copy = Buffer.alloc(ISOLATE_BYTES + reach);
    const bytes = this.#copy;
    const { registers, length } = whileStopped(this.#stoppable(this.#libc, thread), (seen) => ({
      registers: seen,
      length: this.#memory.fill(bytes, [...head, { address: seen.sp, length: reach }]),
    }));
    const { sp, threadPointer = 0 } = registers;
    if (this.#threadPointers.get(thread) !== threadPointer) {
      this.#threadPointers.set(thread, threadPointer);
      return undefined;
    }
    const split = isolate === 0 ? 0 : ISOLATE_BYTES;
    const stack = new StackCopy(sp, bytes.subarray(split, Math.max(split, length)), this.#stackEnd(sp));
    const read = this.#read(thread, registers, stack, split === 0 ? undefined : bytes.subarray(0, split));
    this.#reaches.set(thread, Math.min(stack.reach, LONGEST_REACH));
    return stack.short && reach < LONGEST_REACH ? undefined : read;
  }

  #read(
    thread: number,
    registers: Registers,
    stack: Stack,
    isolate: Buffer | undefined,
    asleepIn?: number,
  ): RawStack {
    if (registers.fp !== undefined && this.#code.isGenerated(registers.pc)) {
      const functions = this.#shared(this.#walker.fromGenerated(stack, registers.fp));
      return { thread, asleepIn, functions, native: 0, collecting: false };
    }
    const { functions, exit } =
      isolate === undefined ? { functions: [], exit: 0 } : this.#walker.fromNative(stack, isolate);
    return {
      thread,
      asleepIn,
      functions: this.#shared(functions),
      native: registers.pc,
      collecting: exit !== 0 && this.#code.collects(stack, exit),
    };
  }

  #stackEnd(sp: number): number {
    return this.#space.locate(sp)?.end ?? 0;
  }

  #shared(functions: readonly number[]): SharedFunction[] {
    return this.#heap.sharedOf(functions).filter((shared) => shared !== undefined);
  }

  #isolateAsleep(thread: number, sp: number): number {
    if (!this.#threadPointers.has(thread)) {
      const pointer = findThreadPointer(this.#memory, this.#space, this.pid, thread, sp);
      this.#threadPointers.set(thread, pointer ?? 0);
    }
    return this.#isolateOf(thread);
  }

  #isolateOf(thread: number): number {
    const threadPointer = this.#threadPointers.get(thread) ?? 0;
    return threadPointer === 0 ? 0 : this.#memory.pointer(threadPointer + this.#isolateOffset);
  }

  /** The isolate that a thread is in; 0 when it is in none, or has ended. */
  #isolateSeen(thread: number): number {
    try {
      const state = threadState(this.pid, thread);
      return state.kind === "asleep" && state.sp !== 0
        ? this.#isolateAsleep(thread, state.sp)
        : this.#isolateRunning(thread);
    } catch {
      return 0;
    }
  }

  #isolateRunning(thread: number): number {
    // Without koffi a running thread tells nothing, so its name decides; each counts as an isolate of its own.
    if (this.#libc === undefined) return HELPER_THREAD.test(threadName(this.pid, thread)) ? 0 : thread;
    return whileStopped(this.#stoppable(this.#libc, thread), ({ threadPointer = 0 }) => {
      this.#threadPointers.set(thread, threadPointer);
      return this.#isolateOf(thread);
    });
  }

  #stoppable(libc: Libc, thread: number): Stoppable {
    return { libc, pid: this.pid, thread, ownChild: this.#ownChild };
  }

  #unlessThreadEnded(thread: number, error: unknown): void {
    if (hasEnded(this.pid, thread) || !isAlive(this.pid)) return;
    if (error instanceof StopFailed && error.errno === 0) return;
    throw error instanceof StopFailed
      ? (tracedBy(this.pid, thread, error) ?? denied(this.pid, error))
      : error;
  }
}

/** The layout of its V8, or the error that says what the process is instead of Node. */
function layoutIn(elf: ElfFile, { pid, exe }: ProcessFacts): Layout {
  try {
    return layoutOf(elf);
  } catch (cause) {
    if (nodeVersionOf(pid) !== null) throw cause;
    throw new ProfilerError(
      `process ${pid} is ${basename(exe)}, not Node; \`spool ps\` lists the Node processes`,
      { code: "PROFILER_NOT_NODE", cause },
    );
  }
}

function isolateOffset(elf: ElfFile, path: string): number {
  const offset = elf.threadLocalOffset(CURRENT_ISOLATE);
  if (offset !== undefined) return offset;
  throw new ProfilerError(
    `${basename(path)} keeps its V8 in a shared library or was stripped; the external engine cannot find its threads, ` +
      "attach without --external instead",
  );
}

function openMemory(pid: number, libc: Libc | undefined): RemoteMemory {
  try {
    return new RemoteMemory(pid, libc === undefined ? undefined : new VectorRead(pid, libc));
  } catch (cause) {
    readProcess(pid); // says so when the process has ended meanwhile
    throw denied(pid, cause);
  }
}
