import { DeadlockError } from "../core/index.ts";
import { debug } from "./debug.ts";
import { type Holder, Scope, currentScope } from "./scope.ts";
import { type Site, captureSite, siteText } from "./site.ts";
import type { Waiter, WaiterQueue } from "./waiter.ts";

/**
 * Debug mode's deadlock check for things that are held: code that runs while holding one runs in a scope that says so.
 * If every holder is itself waiting for the same thing, none will ever be given back, and the last of these waits
 * throws instead of hanging. A lock that is taken twice in one line of calls is the simplest case.
 */
class HoldScope extends Scope implements Holder {
  readonly kind = "holding";
  readonly name: string;
  readonly held: object;
  readonly site: Site;
  /** How many waits for the same thing go on inside. */
  blocked = 0;

  constructor(held: object, name: string) {
    super(currentScope());
    this.held = held;
    this.name = name;
    this.holder = this;
    this.site = captureSite(runHolding);
  }

  describe(): string {
    return `since ${siteText(this.site)}`;
  }
}

const holders = new WeakMap<object, Set<HoldScope>>();

/** Runs `fn`, which holds one of `held`; plain call unless debug mode is on. */
export function runHolding<T>(held: object, fn: () => T | PromiseLike<T>): T | PromiseLike<T> {
  return debug.hooks === undefined ? fn() : runInScope(held, fn);
}

async function runInScope<T>(held: object, fn: () => T | PromiseLike<T>): Promise<T> {
  const scope = new HoldScope(held, held.constructor.name);
  const all = holders.get(held) ?? new Set<HoldScope>();
  holders.set(held, all.add(scope));
  try {
    return await scope.run(fn);
  } finally {
    all.delete(scope);
    scope.unlink();
  }
}

/**
 * Queues `waiter`, a wait for one of `held` of which `inUse` are out; in debug mode, throws at once if that can never
 * be granted.
 */
export function waitHolding(held: object, inUse: number, waiter: Waiter, queue: WaiterQueue): Promise<void> {
  return debug.hooks === undefined ? waiter.in(queue) : waitInScope(held, inUse, waiter, queue);
}

async function waitInScope(held: object, inUse: number, waiter: Waiter, queue: WaiterQueue): Promise<void> {
  const mine = enclosing(held);
  if (mine === undefined) return waiter.in(queue);
  mine.blocked++;
  try {
    const all = [...(holders.get(held) ?? [])];
    if (all.length >= inUse && all.every((scope) => scope.blocked > 0)) waiter.interrupt(deadlock(held, all));
    await waiter.in(queue);
  } finally {
    mine.blocked--;
  }
}

function deadlock(held: object, all: readonly HoldScope[]): DeadlockError {
  const places = all.map((scope) => siteText(scope.site)).join(", ");
  return new DeadlockError(
    `Every holder of this ${held.constructor.name} waits for another one of it, so none will be given back. Held ` +
      `since: ${places}. Do not acquire it again inside, or give the inner calls one of their own.`,
  );
}

function enclosing(held: object): HoldScope | undefined {
  for (let scope: Scope | undefined = currentScope(); scope !== undefined; scope = scope.parent) {
    if (scope instanceof HoldScope && scope.held === held) return scope;
  }
  return undefined;
}
