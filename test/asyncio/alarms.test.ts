import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { createTask, currentTime, group, moveOnAfter, run, setDebug, sleep, timeout } from "spool/asyncio";
import { type Alarm, type AlarmSetter, Alarms } from "../../src/core/alarms.ts";

/** An alarm on a clock that a test moves by hand; `rang` says in which order. */
class Bell implements Alarm {
  setBy: AlarmSetter | undefined = undefined;
  slot = 0;
  readonly when: number;
  readonly #rang: number[];

  constructor(when: number, rang: number[]) {
    this.when = when;
    this.#rang = rang;
  }

  ring(): void {
    assert.equal(this.setBy, undefined, "an alarm that rings is not set any more");
    this.#rang.push(this.when);
  }
}

test("alarms ring in the order of their time, those taken back never, whatever the order of both", async () => {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
  for (let round = 0; round < 20; round++) {
    const rang: number[] = [];
    let now = 0;
    const alarms = new Alarms(() => now);
    const bells = Array.from({ length: 200 }, () => new Bell(random() / 1000, rang));
    for (const bell of bells) alarms.set(bell, bell.when);
    const kept = bells.filter((bell) => random() < 0.5 || (alarms.take(bell), false));
    now = 1;
    while (rang.length < kept.length) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(
      rang,
      kept.map((bell) => bell.when).toSorted((a, b) => a - b),
    );
  }
});

test("an alarm never rings before its time, also when an earlier one was taken back", async () => {
  await moveOnAfter(0.001, () => sleep(0.0005));
  for (const seconds of [0.0123, 0.0001, 0.0047]) {
    const start = currentTime();
    await sleep(seconds);
    assert.ok(currentTime() - start >= seconds);
  }
});

test("what one alarm sets off is done before the next one rings, even if both are due", async () => {
  const steps: string[] = [];
  const begun = currentTime();
  const first = (async () => {
    await sleep(0.002);
    steps.push("first");
    await Promise.resolve();
    steps.push("first, later");
  })();
  const second = sleep(0.003).then(() => steps.push("second"));
  while (currentTime() < begun + 0.01);
  await Promise.all([first, second]);
  assert.deepEqual(steps, ["first", "first, later", "second"]);
});

test("a deadline runs the listeners of its signal in the scope around it, not in that of whoever set the timer", async () => {
  await run(async () => {
    const other = createTask(() => sleep(0.001));
    let heard: boolean | undefined;
    const late = timeout(0.005, async (deadline) => {
      deadline.signal.addEventListener("abort", () => void sleep(0).then(() => (heard = true)));
      await sleep(10);
    }).catch((error: { code?: string }) => error.code);
    await other;
    assert.equal(await late, "TIMEOUT");
    await sleep(0.001);
    assert.equal(heard, true);
  });
});

test("a program with nothing but cancelled sleeps ends at once, one with a sleep waits for it", () => {
  const program = (body: string): string =>
    execFileSync(
      process.execPath,
      [
        "-C",
        "spool-source",
        "--input-type=module",
        "-e",
        `import { moveOnAfter, sleep, group } from "spool/asyncio";${body}`,
      ],
      { encoding: "utf8", timeout: 30_000 },
    );
  assert.equal(
    program(`await group((g) => { g.spawn(sleep, 1e6); g.cancel(); }); console.log("ended")`),
    "ended\n",
  );
  assert.equal(program(`sleep(0.05).then(() => console.log("slept"))`), "slept\n");
  assert.equal(
    program(`await moveOnAfter(1e6, () => sleep(0.001)); sleep(0.001).then(() => console.log("both"))`),
    "both\n",
  );
});

test("the timer behind all sleeps is not taken for one that a task left behind", async () => {
  const findings: string[] = [];
  setDebug({ onFinding: (finding) => findings.push(finding.message) });
  try {
    await group(async (g) => {
      g.spawn(() => moveOnAfter(100, () => sleep(0.001)));
      g.spawn(sleep, 0.005);
    });
    for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    setDebug(false);
  }
  assert.deepEqual(findings, []);
});
