/**
 * memory - layer 1: memory shared by threads (SharedArrayBuffer) or by processes (files in memory, mapped through the
 * optional peer koffi) behind one interface, waiting and waking on it in both forms, and the lock that everything
 * above is built from. Imports core only. Begin with README.md, then point.ts, steps.ts and mutex.ts.
 */
export { Block, type BlockState, allocate, allocateAlone, receiveBlock } from "./block.ts";
export type { MemoryKind, Segment, Window } from "./segment.ts";
export { POINT_WORDS, type Point } from "./point.ts";
export { type Pause, type Steps, type Waiter, deadlock, runAsync, runSync } from "./steps.ts";
export { type Abandoned, MUTEX_WORDS, Mutex, type MutexStatistics } from "./mutex.ts";
export { Ring, type RingHooks } from "./ring.ts";
export type { Read, Write } from "./records.ts";
export { type Agency, isDead, me, nativeThreadId, setAgency, threadOf } from "./owner.ts";
export { LOOK_MS } from "./parking.ts";
export { createNamed, type NamedMemory, openNamed, unlinkNamed } from "./named.ts";
export { posix, sharesBySockets } from "./posix.ts";
export { track } from "./tracker.ts";
export { type Koffi, loadKoffi } from "./koffi.ts";
