import type { Contestant } from "../harness.ts";
import type { Target } from "../support/targets.ts";

/** The work that all rows do, a microtask per call, so that nothing but the overhead is measured; and how it is counted. */
export const tick = async (): Promise<number> => {
  await Promise.resolve();
  return 1;
};
export const items: readonly number[] = Array.from({ length: 5000 }, (_, i) => i);
export const thousand: readonly (() => Promise<number>)[] = Array.from({ length: 1000 }, () => tick);

/** Seconds of CPU that one turn lasts at least. */
const TURN = 0.15;

/** Repeats `work`, which makes `calls` calls, and gives calls per second of CPU time, garbage collection included. */
export function rate(name: string, calls: number, work: () => unknown): Contestant {
  return {
    name,
    run: async () => {
      // Else a contestant pays for the garbage of the one before.
      globalThis.gc?.();
      const start = process.cpuUsage();
      for (let done = calls; ; done += calls) {
        await work();
        const { user, system } = process.cpuUsage(start);
        const seconds = (user + system) / 1e6;
        if (seconds >= TURN) return done / seconds;
      }
    },
  };
}

/** What is asked everywhere: never to lose to whoever does the whole, nor to one that does this part only. */
export function targetsOf(subject: string, parts: boolean = false, limit?: string): Target[] {
  const whole = {
    subject,
    peers: "effection and Effect",
    against: (name: string) => /^(effection|Effect)\b/.test(name),
    atLeast: 1,
  };
  const part = {
    subject,
    peers: "the libraries that do only this",
    against: (name: string) => /^(p|async)-/.test(name),
    atLeast: 1,
    ...(limit === undefined ? {} : { limit }),
  };
  return parts ? [part, whole] : [whole];
}

export interface Row {
  readonly title: string;
  readonly reference: string;
  readonly targets: readonly Target[];
  readonly contestants: () => Contestant[];
}

/** Why nobody is much faster than anybody where calls queue up: the bare row has neither queue nor wait. */
export const WAIT =
  "in either, a call that waits costs an async function and one more promise (see the bare row)";

/** What any of these calls costs at least: one more async function around it that awaits once. */
export const bare = (calls: number): Contestant =>
  rate("bare async function (nothing held)", calls, () =>
    Promise.all(
      items.slice(0, calls).map(async () => {
        await Promise.resolve();
        return await tick();
      }),
    ),
  );
