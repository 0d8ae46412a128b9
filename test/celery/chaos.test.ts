import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { onRedis, onSharedRabbit, onSqlite, type Ground } from "./chaos/places.ts";
import { besiege } from "./chaos/siege.ts";
import { available } from "./support/services.ts";

/**
 * A short siege: processes and workers killed with SIGKILL, the broker restarted, and nothing may be lost or run twice
 * without a reason. `npm run bench celery-chaos` is the long one. SPOOL_TEST_CHAOS_TASKS and SPOOL_TEST_CHAOS_KILLS
 * make this one as long as one likes.
 */
const TASKS = Number(process.env["SPOOL_TEST_CHAOS_TASKS"] ?? 400);
const KILLS = Number(process.env["SPOOL_TEST_CHAOS_KILLS"] ?? 4);
const LIMIT_SECONDS = 120;

const places: (readonly [string, (directory: string) => Promise<Ground>])[] = [["sqlite", onSqlite]];
if (hasRedisServer()) places.push(["redis", onRedis]);
if ((await available("rabbitmq")) && (await available("redis"))) places.push(["amqp", onSharedRabbit]);

for (const [name, open] of places) {
  test(`${name}: no task is lost when workers are killed`, { timeout: 150_000 }, async () => {
    const plan = { tasks: TASKS, kills: KILLS, pause: 0.3, restartEvery: 2, limit: LIMIT_SECONDS };
    const report = await besiege(name, "spool", open, plan);
    const { results, chords, chordsDone, childKills, workerKills, wrong, lost } = report;
    assert.deepEqual(
      { results, chordsDone, wrong, lost },
      { results: TASKS, chordsDone: chords, wrong: 0, lost: 0 },
    );
    assert.ok(childKills + workerKills > 0, "nothing was killed");
    assert.deepEqual(report.unexplained, []);
  });
}

function hasRedisServer(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch (error) {
    if (process.env["CI"] !== undefined) throw error;
    process.stderr.write("skipped: there is no redis-server to be restarted\n");
    return false;
  }
}
