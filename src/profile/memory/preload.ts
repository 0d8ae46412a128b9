import { renameSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { basename, join } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";
import { WatchHelper, type WatchReport } from "./helper.ts";
import { ModuleScripts } from "./module-scripts.ts";
import { trackOffHeap } from "./off-heap.ts";
import { type Orders, readOrders } from "./orders.ts";
import type { RawCheckpoint, RawThread } from "./raw.ts";
import { type PlainSession, runAtOnce } from "./script.ts";
import { checkpoint, newestScript, startSampling } from "./scripts.ts";

/**
 * Loaded by `spool mem run` into every process and worker thread of the program (`--import` in NODE_OPTIONS), before
 * the program's own code: begins the collecting, and leaves the result in a file when the thread ends.
 */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A worker thread looks at itself this often, milliseconds; the main thread has a helper that looks. */
const WORKER_LOOK_MS = 2000;

const orders = readOrders();
if (orders !== undefined) begin(orders);

function begin(options: Orders): void {
  const startedAt = Date.now();
  const session = new Session();
  session.connect();
  const self = session as PlainSession;
  if (options.offHeap) trackOffHeap(options.interval, options.total);
  runAtOnce(startSampling(options), self);
  const file = join(options.folder, `${process.pid}-${threadId}`);
  const modules = new ModuleScripts(() => runAtOnce(newestScript(), self));
  const helper = WatchHelper.start(options, { file: `${file}.watch.json` });
  const own: RawCheckpoint[] = [];
  const write = (seen: WatchReport): void => save(file, startedAt, seen, modules);
  if (!isMainThread) lookNowAndThen(() => write({ checkpoints: own, timeline: [] }));
  write({ checkpoints: [], timeline: [] });

  function lookNowAndThen(keep: () => void): void {
    setInterval(() => {
      own.splice(0, Infinity, runAtOnce(checkpoint("periodic", options), self));
      keep();
    }, WORKER_LOOK_MS).unref();
  }

  let finished = false;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    const end = runAtOnce(checkpoint("end", options), self);
    const seen = helper?.stop() ?? { checkpoints: own, timeline: [] };
    write({ checkpoints: [...seen.checkpoints, end], timeline: seen.timeline });
    modules.stop();
    session.disconnect();
  };
  process.once("exit", finish);
  if (isMainThread) for (const signal of SIGNALS) finishOn(signal, finish);
}

/** A signal that would end the process unheard leaves time for the result; one that the program handles is its own. */
function finishOn(signal: (typeof SIGNALS)[number], finish: () => void): void {
  const handler = (): void => {
    if (process.listenerCount(signal) > 1) return;
    finish();
    process.removeListener(signal, handler);
    process.kill(process.pid, signal);
  };
  process.on(signal, handler);
}

function save(file: string, startedAt: number, seen: WatchReport, modules: ModuleScripts): void {
  const thread: RawThread = {
    pid: process.pid,
    process: basename(process.argv[1] ?? process.title),
    thread: threadId,
    name: isMainThread ? "main" : `worker ${threadId}`,
    nodeVersion: process.version,
    startedAt,
    modules: modules.files,
    checkpoints: seen.checkpoints,
    timeline: seen.timeline,
  };
  writeFileSync(`${file}.new`, JSON.stringify(thread));
  renameSync(`${file}.new`, `${file}.json`);
}
