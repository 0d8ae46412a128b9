import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allocate } from "spool/memory";
import { RawValue, Semaphore } from "spool/sync";
import { type Remote, remote } from "../support/remote.ts";

/**
 * As many others as there are permits take and give them again and again, so that hardly ever one lies free; who waits
 * gets all of them nevertheless, and then the others wait.
 */
for (const kind of ["thread", "process"] as const) {
  describe(`Semaphore, ${kind === "thread" ? "threads" : "processes"}: who waits gets its turn`, () => {
    test(
      "once one has waited too long, a newcomer leaves a free permit to it",
      { timeout: 60_000 },
      async () => {
        const block = allocate(kind, 256);
        const point = block.point(SEQUENCE);
        const semaphore = new Semaphore(0, block);
        const order: string[] = [];
        const first = semaphore.acquire().then(() => order.push("first"));
        await until(() => point.starved);
        semaphore.release();
        const second = semaphore.acquire().then(() => order.push("second"));
        assert.equal(semaphore.getValue(), 1, "free, and not taken by the newcomer");
        await first;
        assert.equal(point.starved, false, "fed");
        semaphore.release();
        await second;
        assert.deepEqual(order, ["first", "second"]);
      },
    );

    for (const permits of [1, 2]) {
      for (const form of ["hogSync", "hog"]) {
        test(`${permits} of ${permits}, from ${form === "hog" ? "event loops" : "threads"} that never rest`, async () => {
          const others = await Promise.all(Array.from({ length: permits }, () => remote(kind)));
          try {
            const semaphore = new Semaphore(permits, kind);
            const turns = await Promise.all(others.map((other) => startHog(other, semaphore, form, kind)));
            const moved = (since: number[]): boolean => turns.every((turn, i) => turn.value > since[i]!);
            await until(() => moved(turns.map(() => 1000)));
            for (let i = 0; i < permits; i++) assert.equal(await semaphore.acquire({ timeout: 60 }), true);
            const during = turns.map((turn) => turn.value);
            await new Promise(setImmediate);
            assert.deepEqual(
              turns.map((turn) => turn.value),
              during,
              "the others wait now",
            );
            semaphore.release(permits);
            await until(() => moved(during));
          } finally {
            await Promise.all(others.map((other) => other.kill()));
          }
        });
      }
    }
  });
}

/** The word of a semaphore's block where those who wait are entered. */
const SEQUENCE = 1;

async function startHog(
  other: Remote,
  semaphore: Semaphore,
  form: string,
  kind: "thread" | "process",
): Promise<RawValue<"d">> {
  const turns = new RawValue("d", 0, kind);
  await other.give("lock", semaphore);
  await other.give("turns", turns);
  other.script(form, 1e9).catch(() => {});
  return turns;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
