/** Many processes append to one file under a lock: every line is whole, and none is missing. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lock, Process } from "spool/multiprocessing";

const directory = mkdtempSync(join(tmpdir(), "append-"));
const path = join(directory, "log.txt");
const lock = new Lock();
const line = "x".repeat(100);

const write = (file: string, text: string, half: number): void => {
  for (let i = 0; i < 50; i++) {
    lock.withSync(() => {
      // Two writes, so that without the lock the halves of different processes would mix.
      appendFileSync(file, text.slice(0, half));
      appendFileSync(file, `${text.slice(half)}\n`);
    });
  }
};
const writers = [30, 60, 90].map(
  (half) => new Process({ name: `writer ${half}`, target: write, args: [path, line, half] }),
);
for (const writer of writers) writer.start();
await Promise.all(writers.map((writer) => writer.join()));

const lines = readFileSync(path, "utf8").trimEnd().split("\n");
console.log(
  lines.length,
  lines.every((written) => written === line),
);
rmSync(directory, { recursive: true });

// Prints: 150 true
