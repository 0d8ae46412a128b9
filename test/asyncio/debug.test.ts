import {
  CapacityLimiter,
  DeadlockError,
  type DebugFinding,
  Lock,
  Semaphore,
  createTask,
  group,
  isDebug,
  run,
  setDebug,
  sleep,
} from "spool/asyncio";
import { assert, errorOf, vtest } from "./support.ts";

async function debugging(fn: () => Promise<void>, slowCallback?: number): Promise<DebugFinding[]> {
  const findings: DebugFinding[] = [];
  setDebug({ slowCallback, onFinding: (finding) => findings.push(finding) });
  try {
    await fn();
    for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    setDebug(false);
  }
  return findings;
}

vtest("setDebug turns it on and off", async () => {
  assert.equal(isDebug(), false);
  await debugging(async () => assert.equal(isDebug(), true));
  assert.equal(isDebug(), false);
});

vtest("a callback that holds the loop is named with its task", async () => {
  const findings = await debugging(async () => {
    await run(async () => {
      const task = createTask(
        async () => {
          await sleep(1);
          const start = performance.now();
          while (performance.now() - start < 60);
        },
        { name: "hog" },
      );
      await task;
    });
  }, 0.05);
  const slow = findings.filter((f) => f.kind === "slow-callback");
  assert.equal(slow[0]?.task, "hog");
  assert.match(
    slow[0]!.message,
    /Task "hog" \(spawned at .*debug\.test\.ts:\d+:\d+\) held the event loop for \d+ ms/,
  );
});

vtest("a timer that a task leaves running is named with its place", async () => {
  let timer: NodeJS.Timeout | undefined;
  const findings = await debugging(async () => {
    await run(async function leaky() {
      timer = setTimeout(() => {}, 100_000);
      await sleep(1);
    });
  });
  clearTimeout(timer);
  assert.deepEqual(
    findings.map((f) => [f.kind, f.task]),
    [["leaked-timer", "leaky"]],
  );
  assert.match(findings[0]!.message, /debug\.test\.ts:\d+/);
});

vtest("timers that were cleared, and those of this package, are no leak", async () => {
  const findings = await debugging(async () => {
    await run(async () => {
      clearTimeout(setTimeout(() => {}, 100_000));
      await group((g) => {
        g.spawn(sleep, 100);
        g.cancel();
      });
    });
  });
  assert.deepEqual(findings, []);
});

vtest("a free task that nobody awaited is named when the program ends", async () => {
  const findings = await debugging(async () => {
    await run(async () => {
      createTask(() => sleep(100), { name: "background" });
      const watched = createTask(() => sleep(100));
      watched.join().catch(() => {});
      await sleep(1);
    });
  });
  assert.deepEqual(
    findings.map((f) => [f.kind, f.task]),
    [["forgotten-task", "background"]],
  );
});

const held = {
  Lock: () => new Lock(),
  Semaphore: () => new Semaphore(1),
  CapacityLimiter: () => new CapacityLimiter(1),
};

for (const [name, make] of Object.entries(held)) {
  vtest(`${name}: taking it again inside is reported instead of hanging`, async () => {
    await debugging(async () => {
      const lock = make();
      const use = <T>(fn: () => Promise<T>): Promise<T> => ("with" in lock ? lock.with(fn) : lock.run(fn));
      const error = await errorOf(use(() => use(async () => {})));
      assert.ok(error instanceof DeadlockError);
      assert.match(error.message, new RegExp(`Every holder of this ${name} waits.*debug\\.test\\.ts`));
      await use(async () => {});
    });
  });
}

vtest("a limiter of two, both of whose holders want a third token: the second wait is told", async () => {
  await debugging(async () => {
    const limiter = new CapacityLimiter(2);
    const nested = (): Promise<void> =>
      limiter.run(async () => {
        await sleep(1);
        await limiter.run(() => sleep(1));
      });
    const results = await Promise.allSettled([nested(), nested()]);
    assert.deepEqual(results.map((r) => r.status).toSorted(), ["fulfilled", "rejected"]);
  });
});

vtest("re-entrance that can be granted is no deadlock", async () => {
  await debugging(async () => {
    const limiter = new CapacityLimiter(2);
    assert.equal(await limiter.run(() => limiter.run(async () => 5)), 5);
  });
});
