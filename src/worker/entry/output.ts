import { writeSync } from "node:fs";

/** Milliseconds between two tries when the reader of a pipe is slow. */
const RETRY_MS = 2;
/** A reader that has taken nothing for this many tries is gone. */
const TRIES = 2500;

/**
 * Lets a thread write its output itself. Node hands a thread's output to the main thread, which prints it when it has
 * time: nothing is seen of a busy worker while the main thread waits, and what was not handed over yet is lost when
 * the worker is stopped.
 */
export function writeStraight(): void {
  redirect(process.stdout, 1);
  redirect(process.stderr, 2);
}

type WriteCallback = (error?: Error | null) => void;

function redirect(stream: NodeJS.WriteStream, fd: number): void {
  stream._write = (chunk: Uint8Array | string, encoding: BufferEncoding, done: WriteCallback): void => {
    writeAll(fd, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  };
  (stream as { _writev?: unknown })._writev = undefined;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  for (let tries = 0; at < bytes.length && tries < TRIES;) {
    try {
      at += writeSync(fd, bytes, at);
      tries = 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      tries++;
      Atomics.wait(PAUSE, 0, 0, RETRY_MS);
    }
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
