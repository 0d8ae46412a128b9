import { UnsupportedError } from "../../core/index.ts";
import { loadKoffi } from "../../memory/index.ts";

type Bytes = Uint8Array;

/** The C functions that the external engine needs beyond what /proc offers. */
export interface Libc {
  ptrace(request: number, thread: number, address: number, data: number): number;
  ptraceRead(request: number, thread: number, address: number, into: Bytes): number;
  waitid(idType: number, id: number, info: Bytes, options: number): number;
  processVmReadv(
    pid: number,
    local: Bytes,
    localCount: number,
    remote: Bytes,
    remoteCount: number,
    flags: number,
  ): number;
  usleep(microseconds: number): number;
  address(bytes: Bytes): number;
  errno(): number;
}

let bound: Libc | undefined;

/** The C library through koffi; undefined when koffi is not installed. */
export function tryLibc(): Libc | undefined {
  try {
    return (bound ??= bind());
  } catch {
    return undefined;
  }
}

/** As `tryLibc`, but an error where running threads must be seen. */
export function requireLibc(): Libc {
  const libc = tryLibc();
  if (libc !== undefined) return libc;
  throw new UnsupportedError(
    "sampling from outside needs the optional package koffi: npm install koffi (or leave out --external)",
  );
}

function bind(): Libc {
  const koffi = loadKoffi();
  const c = koffi.load(null);
  return {
    ptrace: c.func("long ptrace(int request, int pid, uintptr_t addr, uintptr_t data)") as Libc["ptrace"],
    ptraceRead: c.func("long ptrace(int request, int pid, uintptr_t addr, void *data)") as Libc["ptraceRead"],
    waitid: c.func("int waitid(int type, uint32_t id, void *info, int options)") as Libc["waitid"],
    processVmReadv: c.func(
      "long process_vm_readv(int pid, void *local, unsigned long n, void *remote, unsigned long m, unsigned long flags)",
    ) as Libc["processVmReadv"],
    usleep: c.func("int usleep(uint32_t microseconds)") as Libc["usleep"],
    address: (bytes) => Number(koffi.address(bytes)),
    errno: () => koffi.errno(),
  };
}
