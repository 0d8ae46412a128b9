import { requireLibc } from "../../src/profile/external/libc.ts";
import { whileStopped } from "../../src/profile/external/stop.ts";

/** Stops the main thread and lets it go, so many times a second, reading nothing: the least that a stop can cost. */
export function stopsAlone(pid: number, rate: number): () => Promise<number> {
  const target = { libc: requireLibc(), pid, thread: pid, ownChild: true };
  const began = performance.now();
  let [stops, over] = [0, false];
  const stopping = (async (): Promise<void> => {
    for (let next = began; !over; next = Math.max(next + 1000 / rate, performance.now())) {
      await new Promise((done) => setTimeout(done, Math.max(0, next - performance.now())));
      whileStopped(target, () => stops++);
    }
  })();
  return async () => {
    over = true;
    await stopping;
    return (1000 * stops) / (performance.now() - began);
  };
}
