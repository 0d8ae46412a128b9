import { requireOneOf } from "../core/index.ts";
import { currentProcess } from "./process.ts";

export type LogLevel = "debug" | "info" | "warning" | "error" | "off";

/** The logger of this package's own doings, silent unless `logToStderr` is called. Python: `multiprocessing.get_logger`. */
export interface Logger {
  level: LogLevel;
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

export function getLogger(): Logger {
  return logger;
}

/** Prints what is logged at `level` or above to stderr, with the name of the process. Python: `log_to_stderr`. */
export function logToStderr(level: LogLevel = "warning"): Logger {
  logger.level = requireOneOf("level", level, LEVELS);
  return logger;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error", "off"];

function log(level: LogLevel, message: string): void {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(logger.level)) return;
  process.stderr.write(`[${level.toUpperCase()}/${currentProcess().name}] ${message}\n`);
}

const logger: Logger = {
  level: "off",
  debug: (message) => log("debug", message),
  info: (message) => log("info", message),
  warning: (message) => log("warning", message),
  error: (message) => log("error", message),
};
