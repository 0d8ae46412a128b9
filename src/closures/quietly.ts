/**
 * Calls `fn` while Node's ExperimentalWarning is held back: what this package uses is tested on every Node line it
 * supports, and a warning on each user's terminal would help nobody. Other warnings pass.
 */
export function quietly<T>(fn: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]): void => {
    const type = typeof rest[0] === "string" ? rest[0] : (rest[0] as { type?: string } | undefined)?.type;
    if (type !== "ExperimentalWarning") (emitWarning as Function).call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return fn();
  } finally {
    process.emitWarning = emitWarning;
  }
}
