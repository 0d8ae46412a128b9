/** One of three calls fails at 5 ms. Promise.all lets the other two run on; a group ends only after they have. */
import { group, sleep } from "spool/asyncio";

async function call(steps: string[], name: string, fails: boolean): Promise<void> {
  for (let step = 1; step <= 3; step++) {
    await sleep(0.005);
    if (fails) throw new Error("one of three");
    steps.push(name + step);
  }
}

async function afterTheError(start: (steps: string[]) => Promise<unknown>): Promise<number> {
  const steps: string[] = [];
  await start(steps).catch(() => {});
  const known = steps.length;
  await sleep(0.1);
  return steps.length - known;
}

const unstructured = await afterTheError((steps) =>
  Promise.all([call(steps, "a", true), call(steps, "b", false), call(steps, "c", false)]),
);
const structured = await afterTheError((steps) =>
  group((g) => {
    g.spawn(call, steps, "a", true);
    g.spawn(call, steps, "b", false);
    g.spawn(call, steps, "c", false);
  }),
);
console.log(`steps after Promise.all has rejected: ${unstructured > 0 ? "some" : "none"}`);
console.log(`steps after the group has rejected: ${structured > 0 ? "some" : "none"}`);

// Prints: steps after Promise.all has rejected: some
// Prints: steps after the group has rejected: none
