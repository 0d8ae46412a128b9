/** The calls of koffi that are used here; the loaded module is passed in by whoever loaded it. */
export interface ForeignFunctions {
  load(path: string | null): { func(definition: string): (...args: never[]) => unknown };
  errno(): number;
  address(value: Uint8Array): bigint;
}

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
  address(bytes: Bytes): bigint;
  errno(): number;
}

let bound: Libc | undefined;

/** Binds the C library of this process. */
export function bindLibc(koffi: ForeignFunctions): Libc {
  if (bound !== undefined) return bound;
  const c = koffi.load(null);
  bound = {
    ptrace: c.func("long ptrace(int request, int pid, uintptr_t addr, uintptr_t data)") as Libc["ptrace"],
    ptraceRead: c.func("long ptrace(int request, int pid, uintptr_t addr, void *data)") as Libc["ptraceRead"],
    waitid: c.func("int waitid(int type, uint32_t id, void *info, int options)") as Libc["waitid"],
    processVmReadv: c.func(
      "long process_vm_readv(int pid, void *local, unsigned long n, void *remote, unsigned long m, unsigned long flags)",
    ) as Libc["processVmReadv"],
    usleep: c.func("int usleep(uint32_t microseconds)") as Libc["usleep"],
    address: (bytes) => BigInt(koffi.address(bytes)),
    errno: () => koffi.errno(),
  };
  return bound;
}
