import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { ProfilerError } from "../../core/index.ts";
import { readProcess } from "../attach/proc.ts";
import { openElf } from "./elf.ts";
import { type Libc, requireLibc } from "./libc.ts";
import { AddressSpace } from "./maps.ts";
import { denied, requirePlatform } from "./refusals.ts";
import { StopFailed, whileStopped } from "./stop.ts";
import { threadIds } from "./threads.ts";

/** The end of the mangled name of the semaphore on which Node's thread for SIGUSR1 waits. */
const SEMAPHORE = "25start_io_thread_semaphoreE";
const FUTEX = "202";

/**
 * Does by hand what Node's own handler of SIGUSR1 does: posts the semaphore for which the thread waits that opens the
 * inspector's port. So no signal is sent, and a program that keeps SIGUSR1 for itself does not notice.
 *
 * This writes into the process: one word, from 0 to 1, and only when that word is a semaphore at 0 with a thread of the
 * process asleep on exactly its address. The thread is stopped by ptrace for a moment, which makes it look again, and
 * it takes the word back to 0. Throws ProfilerError when there is no such thread (`--disable-sigusr1`) or no symbol.
 */
export function postInspectorSemaphore(pid: number): void {
  requirePlatform();
  const libc = requireLibc();
  const address = semaphoreOf(pid);
  const waiter = address === undefined ? undefined : waiterAt(pid, address);
  if (address === undefined || waiter === undefined) {
    throw new ProfilerError(
      `process ${pid} has no thread that waits to open its inspector (--disable-sigusr1, it has only just started, or ` +
        "its program file is stripped): use --external",
      { code: "PROFILER_NO_SIGNAL" },
    );
  }
  post(pid, address);
  lookAgain(libc, pid, waiter);
}

/** Where the semaphore lies; undefined when the program file has no such symbol. */
function semaphoreOf(pid: number): number | undefined {
  const facts = readProcess(pid);
  const image = new AddressSpace(pid).mappings.find(
    ({ path }) => path.replace(/ \(deleted\)$/, "") === facts.exe,
  );
  return image === undefined
    ? undefined
    : openElf(`/proc/${pid}/exe`).objectAddress(SEMAPHORE, image.start - image.offset);
}

/** The thread that sleeps on a futex at this address. */
function waiterAt(pid: number, address: number): number | undefined {
  return threadIds(pid).find((thread) => {
    try {
      const [call, at] = readFileSync(`/proc/${pid}/task/${thread}/syscall`, "latin1").split(" ");
      return call === FUTEX && Number(at) === address;
    } catch {
      return false; // it has ended, or we may not look
    }
  });
}

/** glibc's semaphore: the value in the lower half, the number of waiters in the upper one. */
function post(pid: number, address: number): void {
  const fd = openMemory(pid);
  try {
    const word = Buffer.alloc(8);
    readSync(fd, word, 0, 8, address);
    if (word.readUInt32LE(0) !== 0 || word.readUInt32LE(4) === 0) return; // it is being woken already
    writeSync(fd, Buffer.from([1, 0, 0, 0]), 0, 4, address);
  } finally {
    closeSync(fd);
  }
}

/** The memory of a process as a file that can be written to. */
export function openMemory(pid: number): number {
  try {
    return openSync(`/proc/${pid}/mem`, "r+");
  } catch (cause) {
    throw denied(pid, cause);
  }
}

function lookAgain(libc: Libc, pid: number, thread: number): void {
  const ownChild = readProcess(pid).parent === process.pid;
  try {
    whileStopped({ libc, pid, thread, ownChild }, () => {});
  } catch (cause) {
    if (cause instanceof StopFailed) throw denied(pid, cause);
    throw cause;
  }
}
