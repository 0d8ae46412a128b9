import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "spool/celery";
import { available, unique } from "./services.ts";

/** One place to run the contract suites on: a broker and a backend, made anew for each test. */
export interface Store {
  readonly name: string;
  /** The backend can count the members of chords. */
  readonly chords: boolean;
  /** The least and the most urgent priority: RabbitMQ counts the other way round. */
  readonly priorities: readonly [low: number, high: number];
  readonly open: () => { settings: Partial<Settings>; dispose: () => void };
}

const usual = { chords: true, priorities: [9, 0] } as const;

/** Each broker kind with the result backend that goes with it, as far as its service is there. */
export async function stores(): Promise<Store[]> {
  const found: Store[] = [{ name: "memory", ...usual, open: () => at(`memory://${unique("hub")}`) }];
  found.push({ name: "sqlite", ...usual, open: openSqlite });
  if (await available("redis")) found.push({ name: "redis", ...usual, open: openRedis });
  if (await available("rabbitmq"))
    found.push({ name: "amqp", chords: false, priorities: [0, 9], open: openAmqp });
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

/** Every queue is named anew, and goes away by itself when nobody has used it for a minute. */
function openAmqp(): { settings: Partial<Settings>; dispose: () => void } {
  const name = unique("spool-test");
  const settings: Partial<Settings> = {
    broker: "amqp://guest:guest@127.0.0.1:5672//",
    backend: "rpc://",
    taskDefaultQueue: name,
    taskQueues: [{ name, arguments: { "x-expires": 60_000 } }],
  };
  return { settings, dispose: () => {} };
}

export function scratchFile(name: string): { path: string; dispose: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "spool-celery-"));
  return {
    path: join(directory, name),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}
