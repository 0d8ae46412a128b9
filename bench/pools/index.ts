import { BARE, BARE_COALESCED, BARE_SPLIT } from "./bare.ts";
import { JEST_WORKER } from "./jest-worker.ts";
import { MULTITHREADING } from "./multithreading.ts";
import { PISCINA } from "./piscina.ts";
import { POOLIFIER } from "./poolifier.ts";
import type { PoolKind, Setting } from "./runner.ts";
import { SPOOL } from "./spool.ts";
import { TINYPOOL } from "./tinypool.ts";
import { WORKERPOOL } from "./workerpool.ts";

export type { PoolKind, Runner } from "./runner.ts";
export { BARE, BARE_COALESCED, BARE_SPLIT, SPOOL };

const PEERS: readonly PoolKind[] = [
  ...PISCINA,
  ...TINYPOOL,
  ...WORKERPOOL,
  ...POOLIFIER,
  ...JEST_WORKER,
  MULTITHREADING,
];

/** Everyone else's pools: as they come, or with tuned settings too, or with all. */
export function peers(workers?: PoolKind["workers"], most: Setting = "tuned"): PoolKind[] {
  const settings: readonly Setting[] = ["default", "tuned", "variant"];
  return PEERS.filter(
    (kind) =>
      (workers === undefined || kind.workers === workers) &&
      settings.indexOf(kind.setting) <= settings.indexOf(most),
  );
}

/** For the programs that measure one pool in a process of its own. */
export function kindNamed(name: string): PoolKind {
  const all = [...PEERS, SPOOL.threads, SPOOL.processes, ...Object.values(BARE)];
  const found = all.find((kind) => kind.name === name);
  if (found === undefined) throw new Error(`no pool is called "${name}"`);
  return found;
}
