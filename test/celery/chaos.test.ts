import "../support/leaks.ts";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Celery, chord, type Settings } from "spool/celery";
import { available, unique } from "./support/services.ts";
import { scratchFile } from "./support/stores.ts";

/**
 * Whole workers are killed with SIGKILL, one after the other, while tasks and chords run. Every result must exist and
 * every chord must end. SPOOL_TEST_CHAOS_TASKS and SPOOL_TEST_CHAOS_KILLS make it as long as one likes.
 */
const TASKS = Number(process.env["SPOOL_TEST_CHAOS_TASKS"] ?? 300);
const KILLS = Number(process.env["SPOOL_TEST_CHAOS_KILLS"] ?? 2);
const WORKERS = 2;
const TIMEOUT = { timeout: 120 };

interface Place {
  readonly name: string;
  readonly settings: Partial<Settings>;
  readonly prefix: string;
}

const { path, dispose } = scratchFile("chaos.db");
process.on("exit", dispose);
const prefix = `${unique("chaos")}:`;
const redis = "redis://127.0.0.1:6379/5";
const transport = { global_keyprefix: prefix };
const onRedis = { resultBackendTransportOptions: transport, resultExpires: 300 };
const places: Place[] = [
  { name: "sqlite", settings: { broker: `sqlite://${path}`, backend: `sqlite://${path}` }, prefix: "" },
];
if (await available("redis")) {
  places.push({
    name: "redis",
    prefix,
    settings: { broker: redis, backend: redis, brokerTransportOptions: transport, ...onRedis },
  });
  if (await available("rabbitmq"))
    places.push({
      name: "amqp",
      prefix,
      settings: { broker: "amqp://guest:guest@127.0.0.1:5672//", backend: redis, ...onRedis },
    });
}

class Crew {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #children: ChildProcess[] = [];

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  async hire(): Promise<void> {
    const file = join(import.meta.dirname, "support/chaos-worker.ts");
    const child = spawn(process.execPath, ["--conditions=spool-source", "--no-warnings", file], {
      env: { ...process.env, ...this.#environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.push(child);
    await once(child.stdout, "data");
  }

  /** Kills the oldest and puts another in its place. */
  async replaceOldest(): Promise<void> {
    const [oldest] = this.#children.splice(0, 1);
    const exited = once(oldest!, "exit");
    oldest!.kill("SIGKILL");
    await exited;
    await this.hire();
  }

  async dismiss(): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        return exited;
      }),
    );
  }
}

for (const { name, settings, prefix: keyPrefix } of places) {
  test(`${name}: no task is lost when workers are killed`, { timeout: 170_000 }, async () => {
    const runs = scratchFile("runs");
    writeFileSync(runs.path, "");
    const queue = unique("chaos");
    const app = new Celery("chaos", { ...settings, taskDefaultQueue: queue });
    const crew = new Crew({
      BROKER: settings.broker!,
      BACKEND: settings.backend!,
      QUEUE: queue,
      RUNS: runs.path,
      PREFIX: keyPrefix,
    });
    for (let i = 0; i < WORKERS; i++) await crew.hire();
    const add = app.signature<[], number>;
    const sent = Array.from({ length: TASKS }, (_, i) => app.sendTask<number>("chaos.add", [i, 1]));
    const chords = Array.from({ length: 10 }, (_, i) => {
      const header = Array.from({ length: 5 }, (_unused, j) =>
        add.call(app, "chaos.add", [1_000_000 + i * 5 + j, 0]),
      );
      return chord(header, app.signature<[number[]], number>("chaos.sum")).delay();
    });
    await Promise.all([...sent, ...chords]);
    for (let kill = 0; kill < KILLS; kill++) {
      await sent[Math.floor((TASKS * (kill + 1)) / (KILLS + 2))]!.get(TIMEOUT);
      await crew.replaceOldest();
    }
    const sums = await Promise.all(sent.map((result) => result.get(TIMEOUT)));
    assert.deepEqual(
      sums,
      Array.from({ length: TASKS }, (_, i) => i + 1),
    );
    const totals = await Promise.all(chords.map((result) => result.get(TIMEOUT)));
    assert.equal(totals.length, 10);
    await crew.dismiss();
    await app.close();
    const count = readFileSync(runs.path, "utf8").split("\n").length - 1;
    const double = count - TASKS - 50;
    process.stderr.write(`${name}: ${TASKS} tasks, ${KILLS} kills, ${double} runs more than once\n`);
    // Only what was in hand when a worker was killed may run again: its slots and what it had taken ahead.
    assert.ok(double <= KILLS * 50, `${double} double runs`);
    runs.dispose();
  });
}
