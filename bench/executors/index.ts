import { ASKED } from "./asked.ts";
import { COLD_PROCESSES, COLD_THREADS } from "./cold.ts";
import { CPU } from "./cpu.ts";
import { IDLE_CPU, IDLE_MEMORY } from "./idle.ts";
import { LARGE_PROCESSES, LARGE_THREADS } from "./large.ts";
import { LATENCY } from "./latency.ts";
import { MAP } from "./map.ts";
import { QUEUED } from "./queued.ts";
import type { TableSpec } from "./spec.ts";
import { STALL } from "./stall.ts";
import { FEW_PROCESSES, FEW_THREADS, PROCESSES, TINY } from "./tiny.ts";
import { WHERE_CALLER, WHERE_WORKER } from "./where.ts";

export const TABLES: readonly TableSpec[] = [
  TINY,
  FEW_THREADS,
  PROCESSES,
  FEW_PROCESSES,
  MAP,
  CPU,
  LARGE_THREADS,
  LARGE_PROCESSES,
  LATENCY,
  COLD_THREADS,
  COLD_PROCESSES,
  STALL,
  ASKED,
  WHERE_CALLER,
  WHERE_WORKER,
  QUEUED,
  IDLE_CPU,
  IDLE_MEMORY,
];
