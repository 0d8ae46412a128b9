import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "spool/celery";
import { available, unique } from "./services.ts";

/** One place to run the contract suites on: a broker and a backend, made anew for each test. */
export interface Store {
  readonly name: string;
  readonly open: () => { settings: Partial<Settings>; dispose: () => void };
}

/** Each broker kind with the result backend that goes with it, as far as its service is there. */
export async function stores(): Promise<Store[]> {
  const found: Store[] = [{ name: "memory", open: () => at(`memory://${unique("hub")}`) }];
  found.push({ name: "sqlite", open: openSqlite });
  if (await available("redis")) found.push({ name: "redis", open: openRedis });
  return found;
}

function at(url: string): { settings: Partial<Settings>; dispose: () => void } {
  return { settings: { broker: url, backend: url }, dispose: () => {} };
}

function openSqlite(): { settings: Partial<Settings>; dispose: () => void } {
  const { path, dispose } = scratchFile("spool.db");
  return { settings: at(`sqlite://${path}`).settings, dispose };
}

/** A key prefix of its own keeps parallel runs on one database apart. */
function openRedis(): { settings: Partial<Settings>; dispose: () => void } {
  const url = "redis://127.0.0.1:6379/5";
  const transport = { global_keyprefix: `${unique("spool-test")}:` };
  return {
    settings: {
      broker: url,
      backend: url,
      resultExpires: 60,
      brokerTransportOptions: transport,
      resultBackendTransportOptions: transport,
    },
    dispose: () => {},
  };
}

export function scratchFile(name: string): { path: string; dispose: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "spool-celery-"));
  return {
    path: join(directory, name),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}
