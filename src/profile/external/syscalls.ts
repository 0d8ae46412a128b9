/** The system calls (x86-64) in which threads of a Node process are commonly found asleep. */
const NAMES: Readonly<Record<number, string>> = {
  0: "read",
  1: "write",
  7: "poll",
  17: "pread64",
  18: "pwrite64",
  20: "writev",
  23: "select",
  34: "pause",
  35: "nanosleep",
  42: "connect",
  44: "sendto",
  45: "recvfrom",
  46: "sendmsg",
  47: "recvmsg",
  61: "wait4",
  72: "fcntl",
  73: "flock",
  74: "fsync",
  75: "fdatasync",
  202: "futex",
  230: "clock_nanosleep",
  232: "epoll_wait",
  247: "waitid",
  257: "openat",
  270: "pselect6",
  271: "ppoll",
  281: "epoll_pwait",
  288: "accept4",
  426: "io_uring_enter",
  441: "epoll_pwait2",
};

const EVENT_WAITS = new Set([232, 281, 441, 426, 7, 271]);

export function systemCallName(call: number): string {
  return call < 0 ? "the kernel" : (NAMES[call] ?? `system call ${call}`);
}

/** True for the calls in which an event loop waits for its next event. */
export function waitsForEvents(call: number): boolean {
  return EVENT_WAITS.has(call);
}
