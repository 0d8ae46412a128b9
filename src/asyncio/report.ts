import { clock } from "../core/index.ts";
import { type Holder, Scope } from "./scope.ts";

/** Seconds that cancelled work may go on before it is named: long enough for cleanup, short enough to notice. */
const STALL_SECONDS = 5;

/** Says on the process's warning channel what would otherwise go unseen. */
function warn(type: string, message: string): void {
  process.emitWarning(message, type);
}

/**
 * Names, once, the work inside a cancelled scope that still runs after some seconds: most often code that awaits
 * something without passing a signal. Returns the way to call it off.
 */
export function watchStall(scope: Scope, what: string): () => void {
  return clock().after(
    STALL_SECONDS,
    () =>
      warn(
        "SpoolStalledWarning",
        `${what} was cancelled ${STALL_SECONDS} s ago and still waits for: ${liveWork(scope)}. ` +
          "Pass currentSignal() to what it awaits, or give the work a grace with timeout().",
      ),
    { unref: true },
  );
}

/** A line about work that a timeout left behind; it stays visible in `ps()` until it settles. */
export function reportAbandoned(scope: Scope, what: string): void {
  warn(
    "SpoolAbandonedWarning",
    `${what} gave up, and work in it goes on because it listens to no signal: ${liveWork(scope)}`,
  );
}

/** Further errors beside the one that is thrown: never hidden. */
export function reportSuppressed(what: string, errors: readonly unknown[]): void {
  for (const error of errors) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    warn(
      "SpoolSuppressedWarning",
      `${what} threw its first error; this one came up beside it during unwinding: ${text}`,
    );
  }
}

function liveWork(scope: Scope): string {
  const names: string[] = [];
  const visit = (at: Scope): void => {
    for (let node = at.first; node !== undefined; node = node.next) {
      if (!(node instanceof Scope)) continue;
      if (node.holder !== undefined) names.push(holderText(node.holder));
      visit(node);
    }
  };
  visit(scope);
  if (names.length === 0 && scope.holder !== undefined) names.push(holderText(scope.holder));
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

const SHOWN = 5;

function holderText(holder: Holder): string {
  const details = holder.describe?.();
  return `${holder.kind} "${holder.name}"${details ? ` (${details})` : ""}`;
}
