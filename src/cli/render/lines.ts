import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";

/** Lines wait for the end of the turn and go out in one write; beyond this many characters the writer holds back. */
const MOST_WAITING = 1 << 20;

/** Writes lines to a file or to standard output, many at once, at the pace of the reader. */
export interface LineWriter {
  /** The promise, when there is one, resolves once there is room again. Rejects when the reader has gone. */
  write(line: string): void | Promise<void>;
  /** Everything written is out when this resolves. */
  close(): Promise<void>;
}

/** Writes to standard output, which stays open. */
export function standardOutput(): LineWriter {
  return lineWriter(process.stdout, () => Promise.resolve());
}

export function fileOutput(path: string, append: boolean): LineWriter {
  const stream = createWriteStream(path, { flags: append ? "a" : "w" });
  return lineWriter(stream, () => new Promise((resolve) => stream.end(resolve)));
}

function lineWriter(stream: Writable, end: () => Promise<void>): LineWriter {
  let waiting = "";
  let flushing: Promise<void> | undefined;
  let failure: Error | undefined;
  const onError = (error: Error): void => void (failure ??= error);
  stream.on("error", onError);

  const flush = async (): Promise<void> => {
    while (waiting !== "") {
      const text = waiting;
      waiting = "";
      await new Promise<void>((resolve, reject) =>
        stream.write(text, (error) => (error == null ? resolve() : reject(error))),
      );
    }
  };
  const schedule = (): Promise<void> =>
    (flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(flush).finally(() => {
      flushing = undefined;
    }));

  return {
    write(line) {
      if (failure !== undefined) return Promise.reject(failure);
      waiting += `${line}\n`;
      const flushed = schedule();
      if (waiting.length > MOST_WAITING) return flushed;
      flushed.catch(onError);
    },
    async close() {
      await flushing;
      if (failure === undefined) await end();
      stream.off("error", onError);
      if (failure !== undefined) throw failure;
    },
  };
}
