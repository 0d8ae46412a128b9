import { workerData } from "node:worker_threads";
import type { Holding, KeeperData } from "./keeper.ts";

/** The keeper's thread: looks six times in a lease whether the event loop still turns, and renews when it does not. */
const { holding, leaseSeconds, blockedSeconds, beats } = workerData as KeeperData;

let beat = Atomics.load(beats, 0);
let since = performance.now();
let renewed = -Infinity;
let renewing = false;

setInterval(
  () => {
    const now = performance.now();
    const latest = Atomics.load(beats, 0);
    if (latest !== beat) {
      beat = latest;
      since = now;
      return;
    }
    const blocked = (now - since) / 1000;
    // A beat is due every third of a lease. Late ones are awaited for as long as leaves time to connect.
    if (blocked < leaseSeconds / 2 || blocked > blockedSeconds) return;
    if (renewing || (now - renewed) / 1000 < leaseSeconds / 3) return;
    renewing = true;
    renew(holding)
      .then(
        () => (renewed = now),
        () => {}, // The broker is away, or busy: the next look tries again.
      )
      .finally(() => (renewing = false));
  },
  (leaseSeconds * 1000) / 6,
);

/** What it needs is loaded when it is needed, which for most threads is never. */
async function renew(what: Holding): Promise<void> {
  if (what.kind === "sqlite") {
    const { renewSqlite } = await import("../sqlite/holding.ts");
    return renewSqlite(what, leaseSeconds);
  }
  const { renewRedis } = await import("../redis/holding.ts");
  return renewRedis(what, leaseSeconds);
}
