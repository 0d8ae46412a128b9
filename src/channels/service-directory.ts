import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const windows = process.platform === "win32";

/** A name that is free, and on POSIX a directory that only this user can enter. */
export function serviceDirectory(): string {
  return windows ? `${PREFIX}${process.pid}-${randomUUID()}` : mkdtempSync(join(tmpdir(), PREFIX));
}

export function socketIn(directory: string): string {
  return windows ? `\\\\.\\pipe\\${directory}` : join(directory, SOCKET);
}

/** Removes the directories of services that were killed together with whoever should have removed them. */
export async function sweepDirectories(): Promise<void> {
  if (windows) return;
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(tmpdir(), name);
    try {
      const { mtimeMs } = await stat(directory);
      // A fresh one may be about to listen.
      if (Date.now() - mtimeMs < FRESH_MS || (await answers(join(directory, SOCKET)))) continue;
      await rm(directory, { recursive: true, force: true });
    } catch {
      // Another user's, or gone meanwhile.
    }
  }
}

/** Process ids say nothing where containers share the directory; whether somebody listens does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => (resolve(true), socket.destroy()));
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT"),
    );
  });
}

const PREFIX = "spool-service-";
const SOCKET = "memory";
const FRESH_MS = 60_000;
