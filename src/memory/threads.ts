/** Node's module of threads, when it is needed: to load it costs a new process a millisecond. */
export function threads(): typeof import("node:worker_threads") {
  return process.getBuiltinModule("node:worker_threads");
}
