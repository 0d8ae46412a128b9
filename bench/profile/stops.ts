import { requireLibc } from "../../src/profile/external/libc.ts";
import { whileStopped } from "../../src/profile/external/stop.ts";

/** Stops the main thread and lets it go, so many times a second, reading nothing: the least that a stop can cost. */
export function stopsAlone(pid: number, rate: number): () => Promise<number> {
  const target = { libc: requireLibc(), pid, thread: pid, ownChild: true };
  return repeatedly(rate, () => whileStopped(target, () => {}));
}

/** Wakes so many times a second and does nothing: what any second process at that pace costs a thread beside it. */
export function wakesAlone(rate: number): () => Promise<number> {
  return repeatedly(rate, () => {});
}

function repeatedly(rate: number, turn: () => void): () => Promise<number> {
  const began = performance.now();
  let [turns, over] = [0, false];
  const turning = (async (): Promise<void> => {
    for (let next = began; !over; next = Math.max(next + 1000 / rate, performance.now())) {
      await new Promise((done) => setTimeout(done, Math.max(0, next - performance.now())));
      turn();
      turns++;
    }
  })();
  return async () => {
    over = true;
    await turning;
    return (1000 * turns) / (performance.now() - began);
  };
}
