import { AsyncLocalStorage } from "node:async_hooks";
import { CancelledError } from "../core/index.ts";

/**
 * The tree that cancellation runs down. A scope holds, in one intrusive list, the waits that go on inside it and the
 * scopes below it. It is ambient: whatever runs inside finds it through AsyncLocalStorage.
 *
 *     open --cancel (own) or inherit (an ancestor's)--> cancelled, until the scope is left
 *
 * The first reason wins. A cancelled scope refuses every new wait with its reason, so code that swallows a
 * cancellation meets it again at its next wait. A shielded scope does not inherit.
 */
export abstract class CancelNode {
  prev: CancelNode | undefined = undefined;
  next: CancelNode | undefined = undefined;
  owner: Scope | undefined = undefined;

  link(owner: Scope): void {
    this.owner = owner;
    this.prev = owner.last;
    if (owner.last === undefined) owner.first = this;
    else owner.last.next = this;
    owner.last = this;
  }

  unlink(): void {
    const { owner, prev, next } = this;
    if (owner === undefined) return;
    if (prev === undefined) owner.first = next;
    else prev.next = next;
    if (next === undefined) owner.last = prev;
    else next.prev = prev;
    this.owner = this.prev = this.next = undefined;
  }

  /** Ends this wait with `reason`. Never runs user code: the code that waited resumes in a later microtask. */
  abstract interrupt(reason: unknown): void;
}

/** Whoever a scope belongs to, as `ps` shows it. */
export interface Holder {
  readonly kind: string;
  readonly name: string;
  /** Left by its waiter while work in it went on. */
  readonly abandoned?: boolean;
  /** What else there is to say: state, counts, where it was spawned. */
  describe?(): string;
  /** Called after the scope was cancelled, by itself or from above, once the whole tree is marked. */
  onCancelled?(): void;
}

export class Scope extends CancelNode {
  first: CancelNode | undefined = undefined;
  last: CancelNode | undefined = undefined;
  reason: unknown = undefined;
  cancelled = false;
  /** Whether the reason is this scope's own; only then does the scope absorb it. */
  own = false;
  readonly parent: Scope | undefined;
  readonly shielded: boolean;
  holder: Holder | undefined = undefined;
  #controller: AbortController | undefined = undefined;

  constructor(parent: Scope | undefined, shielded: boolean = false) {
    super();
    this.parent = parent;
    this.shielded = shielded;
    if (parent === undefined) return;
    this.link(parent);
    if (parent.cancelled && !shielded) {
      this.cancelled = true;
      this.reason = parent.reason;
    }
  }

  /** Created on first use, so that code which asks for no signal pays for none. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.cancelled && !this.#controller.signal.aborted) this.#controller.abort(this.reason);
    return this.#controller.signal;
  }

  /** Cancels everything inside; idempotent. Returns how many listened: waits, signals, shielded work. */
  cancel(reason?: unknown): number {
    if (this.cancelled) return 0;
    this.own = true;
    return spread(this, toReason(reason));
  }

  /** The same for a reason from outside, which the scope passes on instead of absorbing it. */
  inherit(reason: unknown): number {
    return this.cancelled ? 0 : spread(this, toReason(reason));
  }

  /** Takes an own cancellation back: what waits from now on is not refused. What was interrupted stays so. */
  renew(): void {
    this.cancelled = this.own = false;
    this.reason = undefined;
    this.#controller = undefined;
  }

  interrupt(reason: unknown): void {
    this.inherit(reason);
  }

  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return storage.run(this, fn, ...args);
  }

  /**
   * Makes this the scope of the rest of the running job. It leaks into whatever that job does afterwards, so it is only
   * for microtasks of this room's own; half the cost of `run`.
   */
  enter(): void {
    storage.enterWith(this);
  }

  throwIfCancelled(): void {
    if (this.cancelled) throw this.reason;
  }

  /** For `spread`: fires the signal, only after the whole tree is marked, since its listeners are user code. */
  announce(): void {
    this.#controller?.abort(this.reason);
    this.holder?.onCancelled?.();
  }

  get hasSignal(): boolean {
    return this.#controller !== undefined;
  }
}

const storage = new AsyncLocalStorage<Scope>();

/** The scope of code that runs in none; never cancelled. */
export const programScope: Scope = new Scope(undefined);

/** For waits that nothing may interrupt, such as a group's wait for its children. Belongs to no tree. */
export const uninterruptible: Scope = new Scope(undefined);

/** The scope in force here. */
export function currentScope(): Scope {
  return storage.getStore() ?? programScope;
}

/**
 * The AbortSignal of the scope in force, for calls that take one: `fetch(url, { signal: currentSignal() })`.
 * Outside every scope it is a signal that never fires.
 */
export function currentSignal(): AbortSignal {
  return currentScope().signal;
}

function toReason(reason: unknown): unknown {
  if (reason instanceof Error) return reason;
  return new CancelledError(reason === undefined ? "The work was cancelled" : String(reason), {
    cause: reason,
  });
}

/** Marks the tree and ends its waits first, without running user code; then fires signals, which is user code. */
function spread(top: Scope, reason: unknown): number {
  let listeners = 0;
  const marked = [top];
  for (let i = 0; i < marked.length; i++) {
    const scope = marked[i]!;
    scope.cancelled = true;
    scope.reason = reason;
    if (scope.hasSignal) listeners++;
    for (let node = scope.first; node !== undefined;) {
      const { next } = node;
      if (!(node instanceof Scope)) {
        node.interrupt(reason);
        listeners++;
      } else if (node.cancelled || node.shielded) listeners++;
      else marked.push(node);
      node = next;
    }
  }
  for (const scope of marked) scope.announce();
  return listeners;
}
