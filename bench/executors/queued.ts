import { SPOOL, peers } from "../pools/index.ts";
import { probe } from "./probe.ts";
import { type TableSpec, interleaved } from "./spec.ts";

/** `multithreading` has room for 65,536 tasks and loses the rest without a word. */
const kinds = [SPOOL.threads, SPOOL.processes, ...peers(undefined, "default")].filter(
  (kind) => kind.name !== "multithreading",
);

export const QUEUED: TableSpec = {
  key: "queued",
  title: "memory of 100,000 waiting tasks and the promises of them",
  unit: "bytes",
  better: "lower",
  rounds: 2,
  figures: interleaved(async () => kinds.map(({ name }) => ({ name, run: () => probe("queued", name) })), {
    warmup: 0,
  }),
  targets: [],
};
