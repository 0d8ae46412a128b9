import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Celery, crontab, schedule } from "spool/celery";
import { withVirtualClock } from "spool/testing";
import { Autoscaler } from "../../src/celery/worker/autoscaler.ts";
import { clock } from "../../src/core/index.ts";
import { unique } from "./support/services.ts";

test("beat sends what is due, again and again, until it is stopped", async () => {
  const url = `memory://${unique("beat")}`;
  const app = new Celery("beat", {
    broker: url,
    backend: url,
    beatSchedule: {
      often: { task: "beat.note", schedule: 0.01, args: [1], kwargs: { y: 2 } },
      never: { task: "beat.note", schedule: crontab({ monthOfYear: 2, dayOfMonth: 29 }), args: [0] },
    },
  });
  const thrice = Promise.withResolvers<void>();
  const noted: number[] = [];
  app.task("beat.note", (x: number, y: number) => {
    noted.push(x + y);
    if (noted.length === 3) thrice.resolve();
  });
  const worker = app.worker({ log: () => {} });
  await worker.start();
  const sent: string[] = [];
  const beat = app.beat({ onSent: (entry) => sent.push(entry) });
  await beat.start();
  await assert.rejects(beat.start(), /started once/);
  await thrice.promise;
  await beat.stop();
  await beat.stop();
  await worker.stop();
  assert.deepEqual(noted.slice(0, 3), [3, 3, 3]);
  assert.ok(!sent.includes("never"));
  await app.close();
});

test("crontab finds the next time, schedule counts seconds", () => {
  const after = new Date("2026-11-27T23:58:30Z");
  const cases: readonly (readonly [Parameters<typeof crontab>[0], string])[] = [
    [{}, "2026-11-27T23:59:00.000Z"],
    [{ minute: "*/15" }, "2026-11-28T00:00:00.000Z"],
    [{ minute: 30, hour: "8-10" }, "2026-11-28T08:30:00.000Z"],
    [{ minute: 0, hour: 0, dayOfWeek: "mon" }, "2026-11-30T00:00:00.000Z"],
    [{ minute: 0, hour: 0, dayOfMonth: "1,15" }, "2026-12-01T00:00:00.000Z"],
    [{ minute: 0, hour: 0, dayOfMonth: 29, monthOfYear: "feb" }, "2028-02-29T00:00:00.000Z"],
  ];
  for (const [options, expected] of cases)
    assert.equal(crontab(options).next(after).toISOString(), expected, JSON.stringify(options));
  assert.equal(schedule(90).next(after).toISOString(), "2026-11-28T00:00:00.000Z");
  assert.throws(() => schedule(0), /seconds/);
});

test("autoscale grows with the load at once and shrinks one by one after half a minute of too little", () =>
  withVirtualClock(async () => {
    const pool = { concurrency: 1, waiting: 0 };
    const scaler = new Autoscaler(
      {
        get concurrency() {
          return pool.concurrency;
        },
        load: () => pool.waiting,
        resize: (by) => void (pool.concurrency += by),
      },
      5,
      2,
    );
    const pass = (seconds: number): Promise<void> =>
      new Promise((resolve) => clock().after(seconds, resolve));
    scaler.start();
    await pass(1.5);
    assert.equal(pool.concurrency, 2, "the least");
    pool.waiting = 100;
    await pass(1);
    assert.equal(pool.concurrency, 5, "the most");
    pool.waiting = 0;
    await pass(30);
    assert.equal(pool.concurrency, 5, "not yet");
    await pass(2);
    assert.ok(pool.concurrency < 5);
    await pass(60);
    assert.equal(pool.concurrency, 2);
    scaler.stop();
  }));
