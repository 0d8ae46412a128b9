import { BasePool, type PoolOptions } from "./base-pool.ts";

/**
 * A fixed number of worker processes. Python: `multiprocessing.Pool`. New code may prefer ProcessPoolExecutor, whose
 * contract threads, the event loop and a cluster share. A worker that dies is replaced and its task ends with
 * BrokenProcessPool (Python's pool waits for ever).
 *
 * @example
 * await using pool = new Pool(4);
 * console.log(await pool.map((x) => x * x, [1, 2, 3]));
 */
export class Pool extends BasePool {
  constructor(processes?: number, options: PoolOptions = {}) {
    super("process", processes, options);
  }
}
