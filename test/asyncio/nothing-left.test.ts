import { CapacityLimiter, gather, group, mapLimit, race, sleep, supervisor, timeout } from "spool/asyncio";
import { assert, vtest } from "./support.ts";

/**
 * Why the room exists. Three calls of three steps each; the first fails at 5 ms. What do the other two still do
 * after the caller has been told of the failure?
 */
async function steps(log: string[], name: string, failAt?: number): Promise<void> {
  for (let step = 1; step <= 3; step++) {
    await sleep(0.005);
    if (step === failAt) throw new Error(`${name} failed`);
    log.push(`${name}${step}`);
  }
}

type Way = (log: string[]) => Promise<unknown>;
const calls = (log: string[]): (() => Promise<void>)[] => [
  () => steps(log, "a", 1),
  () => steps(log, "b"),
  () => steps(log, "c"),
];

const structured: Record<string, Way> = {
  group: (log) =>
    group((g) => {
      for (const call of calls(log)) g.spawn(call);
    }),
  gather: (log) => gather(calls(log)),
  mapLimit: (log) => mapLimit(calls(log), 3, (call) => call()),
  race: (log) => race(calls(log)),
  "group inside a timeout": (log) => timeout(1, () => structured["group"]!(log)),
  "limiter inside a group": (log) => {
    const limiter = new CapacityLimiter(3);
    return group((g) => {
      for (const call of calls(log)) g.spawn(() => limiter.run(call));
    });
  },
  "a supervisor whose onError throws": (log) =>
    supervisor(
      (g) => {
        for (const call of calls(log)) g.spawn(call);
      },
      {
        onError: (error) => {
          throw error;
        },
      },
    ),
};

for (const [name, way] of Object.entries(structured)) {
  vtest(`${name}: nothing of the siblings runs after the rejection`, async (clock) => {
    const log: string[] = [];
    await assert.rejects(way(log));
    assert.equal(clock.now(), 0.005);
    const atRejection = log.length;
    await sleep(1);
    assert.equal(log.length, atRejection, `ran on: ${log.slice(atRejection).join(" ")}`);
  });
}

vtest("Promise.all, for comparison, lets them run on", async () => {
  const log: string[] = [];
  await assert.rejects(Promise.all(calls(log).map((call) => call())));
  const atRejection = log.length;
  await sleep(1);
  assert.deepEqual(log.slice(atRejection), ["b1", "c1", "b2", "c2", "b3", "c3"]);
});
