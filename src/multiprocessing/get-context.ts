import {
  cpuCount,
  freezeSupport,
  getAllStartMethods,
  getStartMethod,
  requireStartMethod,
  type StartMethod,
} from "./context.ts";
import { getLogger, logToStderr } from "./logger.ts";
import { Manager } from "./manager.ts";
import { Pipe } from "./pipe.ts";
import { Pool } from "./pool.ts";
import * as primitives from "./primitives.ts";
import { activeChildren, currentProcess, parentProcess, Process } from "./process.ts";

/** The names of this module that depend on how processes are started. */
export interface Context extends Readonly<typeof primitives> {
  readonly activeChildren: typeof activeChildren;
  readonly cpuCount: typeof cpuCount;
  readonly currentProcess: typeof currentProcess;
  readonly freezeSupport: typeof freezeSupport;
  readonly getAllStartMethods: typeof getAllStartMethods;
  readonly getContext: typeof getContext;
  readonly getLogger: typeof getLogger;
  readonly getStartMethod: typeof getStartMethod;
  readonly logToStderr: typeof logToStderr;
  readonly Manager: typeof Manager;
  readonly parentProcess: typeof parentProcess;
  readonly Pipe: typeof Pipe;
  readonly Pool: typeof Pool;
  readonly Process: typeof Process;
}

/**
 * The module's names as one object, for programs translated from Python. There is one start method, so one context;
 * UnsupportedError says what to do instead of "fork" and "forkserver". Python: `multiprocessing.get_context`.
 */
export function getContext(method: StartMethod = "spawn"): Context {
  requireStartMethod(method);
  return context;
}

const context: Context = Object.freeze({
  ...primitives,
  activeChildren,
  cpuCount,
  currentProcess,
  freezeSupport,
  getAllStartMethods,
  getContext,
  getLogger,
  getStartMethod,
  logToStderr,
  Manager,
  parentProcess,
  Pipe,
  Pool,
  Process,
});
