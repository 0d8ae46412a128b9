import "../support/leaks.ts";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { Celery, type Settings, type Worker as CeleryWorker, type WorkerOptions } from "spool/celery";
import { scratchFile, stores } from "./support/stores.ts";

/** Tasks that compute in the worker's own event loop for longer than a lease, which the loop then cannot renew. */

const PROGRAM = join(import.meta.dirname, "support/blocked-app.ts");
const LEASE = 1;
const timeout = { timeout: 30 };

interface Gate {
  readonly name: string;
  /** Process ids of the runs so far. */
  readonly runs: () => number[];
  readonly open: () => void;
}

const leased = (await stores()).filter(({ name }) => name === "sqlite" || name === "redis");

for (const { name, open } of leased) {
  test(`${name}: a task that blocks the loop for longer than a lease runs once; killed, it is run again`, async () => {
    const stage = await setStage(open());
    const [living, dying] = [stage.gate("living"), stage.gate("dying")];
    try {
      const first = await stage.blockedWorker(living);
      const second = await stage.blockedWorker(dying);
      await kill(second);
      await stage.worker();
      // Its lease was the younger one: where it has ended, the other would have, too.
      await stage.sent.get(dying.name)!.get(timeout);
      // What was put back is taken before what is sent now.
      await stage.app.sendTask("blocked.note").get(timeout);
      assert.deepEqual(dying.runs(), [second.pid, process.pid]);
      assert.deepEqual(living.runs(), [first.pid]);
      living.open();
      assert.equal(await stage.sent.get(living.name)!.get(timeout), first.pid);
    } finally {
      await stage.clear();
    }
  });

  test(`${name}: a loop that is blocked for too long is given up`, async () => {
    const stage = await setStage(open(), { leaseBlockedSeconds: 2 * LEASE });
    const gate = stage.gate("hung");
    try {
      const hung = await stage.blockedWorker(gate);
      await stage.worker();
      assert.equal(await stage.sent.get(gate.name)!.get(timeout), process.pid);
      assert.deepEqual(gate.runs(), [hung.pid, process.pid]);
    } finally {
      await stage.clear();
    }
  });

  test(`${name}: the thread that keeps leases is there while something is held, and no longer`, async () => {
    const stage = await setStage(open());
    try {
      const worker = await stage.worker();
      assert.equal(keepers(), 0, "nothing is held");
      assert.equal(await stage.app.sendTask("blocked.keepers").get(timeout), 1);
      for (const until = Date.now() + 20_000; keepers() > 0 && Date.now() < until;)
        await new Promise((resolve) => setImmediate(resolve));
      assert.equal(keepers(), 0, "it rests while the worker goes on");
      assert.equal(await stage.app.sendTask("blocked.keepers").get(timeout), 1);
      await worker.stop();
      assert.equal(keepers(), 0, "it ends with the worker");
    } finally {
      await stage.clear();
    }
  });
}

test("where leases cannot be kept, the worker says so and works", async () => {
  const { redis } = Object.fromEntries(leased.map((store) => [store.name, store]));
  if (redis === undefined) return;
  const { settings, dispose } = redis.open();
  const transport = { ...settings.brokerTransportOptions, tls: { checkServerIdentity: () => undefined } };
  const stage = await setStage({ settings: { ...settings, brokerTransportOptions: transport }, dispose });
  const warnings: string[] = [];
  const worker = stage.app.worker({
    log: (level, text) => void (level === "warning" && warnings.push(text)),
  });
  await worker.start();
  assert.equal(await stage.app.sendTask("blocked.keepers").get(timeout), 0);
  await stage.app.sendTask("blocked.note").get(timeout);
  await worker.stop();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /leases are not renewed .*could not be cloned/i);
  await stage.clear();
});

/** Threads of this process; it has no others than those that keep leases. */
const threads = new Set<Worker>();
subscribe("worker_threads", (message) => {
  const { worker } = message as { worker: Worker };
  threads.add(worker);
  worker.once("exit", () => threads.delete(worker));
});
const keepers = (): number => threads.size;

/** A client here, and what it takes to have workers whose loops are blocked. */
async function setStage(
  { settings, dispose }: { settings: Partial<Settings>; dispose: () => void },
  more: Partial<Settings> = {},
) {
  const all = { ...settings, ...more, leaseSeconds: LEASE };
  const app = new Celery("blocked", all);
  const scratch = scratchFile("gates");
  const children: ChildProcess[] = [];
  const workers: CeleryWorker[] = [];
  const sent = new Map<string, ReturnType<Celery["sendTask"]>>();
  app.task("blocked.block", (name: string) => {
    writeFileSync(`${name}.runs`, `${process.pid}\n`, { flag: "a" });
    return process.pid;
  });
  app.task("blocked.note", () => null);
  app.task("blocked.keepers", keepers);
  return {
    app,
    sent,
    gate: (stem: string): Gate => {
      const name = `${scratch.path}-${stem}`;
      return {
        name,
        runs: () => readFileSync(`${name}.runs`, "utf8").trim().split("\n").map(Number),
        open: () => writeFileSync(`${name}.end`, ""),
      };
    },
    /** A worker in this process. */
    worker: async (log: WorkerOptions["log"] = () => {}): Promise<CeleryWorker> => {
      const worker = app.worker({ concurrency: 1, remoteControl: false, log });
      workers.push(worker);
      await worker.start();
      return worker;
    },
    /** A worker in a process of its own that takes the gate's task and is blocked by it. */
    blockedWorker: async (gate: Gate): Promise<ChildProcess> => {
      const env = { ...process.env, SPOOL_TEST_SETTINGS: JSON.stringify(all), SPOOL_TEST_BLOCKS: "yes" };
      const child = spawn(process.execPath, ["--conditions=spool-source", PROGRAM], {
        env,
        stdio: "inherit",
      });
      children.push(child);
      sent.set(gate.name, app.sendTask("blocked.block", [gate.name]));
      await sent.get(gate.name);
      const until = Date.now() + 20_000;
      while (!existsSync(`${gate.name}.runs`)) {
        assert.ok(child.exitCode === null && Date.now() < until, "the worker does not run its task");
        await new Promise((resolve) => setImmediate(resolve));
      }
      return child;
    },
    clear: async () => {
      for (const worker of workers) await worker.stop();
      for (const child of children) await kill(child);
      await app.close();
      scratch.dispose();
      dispose();
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
