import { cpus } from "node:os";
import { requireOneOf, UnsupportedError } from "../core/index.ts";

/** How processes are started. A JavaScript process cannot be forked, so there is one way. */
export type StartMethod = "spawn";

export function getAllStartMethods(): StartMethod[] {
  return ["spawn"];
}

export function getStartMethod(): StartMethod {
  return "spawn";
}

/** For programs translated from Python. Throws UnsupportedError for "fork" and "forkserver", saying what to do instead. */
export function setStartMethod(method: StartMethod): void {
  requireStartMethod(method);
}

/** For `getContext` too. */
export function requireStartMethod(method: unknown): StartMethod {
  if (method === "fork" || method === "forkserver") {
    throw new UnsupportedError(
      `There is no start method "${method}": a JavaScript engine runs on several threads, and a forked process would have ` +
        `only one of them. Use "spawn"; to have processes ready before they are needed, keep a Pool`,
    );
  }
  return requireOneOf("method", method as StartMethod, getAllStartMethods());
}

/** Processors of the machine. How many this process may use: `os.availableParallelism()`. */
export function cpuCount(): number {
  return cpus().length;
}

/** For programs translated from Python: there is nothing to do. */
export function freezeSupport(): void {}
