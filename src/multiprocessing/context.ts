import { cpus } from "node:os";
import { requireOneOf } from "../core/index.ts";

/** How processes are started. A JavaScript process cannot be forked, so there is one way. */
export type StartMethod = "spawn";

export function getAllStartMethods(): StartMethod[] {
  return ["spawn"];
}

export function getStartMethod(): StartMethod {
  return "spawn";
}

/** For programs translated from Python; anything but "spawn" throws ArgumentError. */
export function setStartMethod(method: StartMethod): void {
  requireOneOf("method", method, getAllStartMethods());
}

/** Processors of the machine. How many this process may use: `os.availableParallelism()`. */
export function cpuCount(): number {
  return cpus().length;
}

/** For programs translated from Python: there is nothing to do. */
export function freezeSupport(): void {}
