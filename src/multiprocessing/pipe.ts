import { pipe, type PipeConnection } from "../channels/index.ts";

/**
 * Two connected ends in memory that processes share. With `duplex: false` the first can only receive and the second
 * only send. Python: `multiprocessing.Pipe`.
 */
export function Pipe(duplex: boolean = true): [PipeConnection, PipeConnection] {
  return pipe("process", { duplex });
}
