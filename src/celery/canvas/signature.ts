import { ArgumentError } from "../../core/index.ts";
import { sentGroupResult, sentResult, type SentGroupResult } from "../group-result.ts";
import type { WireSignature } from "../protocol/task-message.ts";
import type { SentResult } from "../result.ts";
import type { Runtime } from "../runtime.ts";
import { toWireOptions, type CallOptions, type HasWire } from "./options.ts";
import { plan } from "./plan.ts";
import { kindOf, mergeOptions, type WireOptions } from "./wire.ts";

/**
 * A call that is not made yet: what, with which arguments, and how. `A` are the arguments still missing (they come
 * first when it is called, as in Celery), `R` is what it gives. Immutable; each change gives a new one.
 */
export class Signature<A extends unknown[] = any[], R = unknown> implements HasWire {
  /** Only for the compiler: what may be put in front. */
  declare readonly accepts?: (args: A) => void;
  /** Only for the compiler. */
  declare readonly gives?: R;
  readonly runtime: Runtime;
  protected readonly wire: WireSignature;

  constructor(runtime: Runtime, wire: WireSignature) {
    this.runtime = runtime;
    this.wire = wire;
  }

  get task(): string {
    return this.wire.task;
  }

  /** Sends it now. */
  delay(...args: A): SentResult<R> {
    return this.applyAsync(args);
  }

  applyAsync(args?: A, options: CallOptions = {}): SentResult<R> {
    const planned = plan(this.runtime, withKwargs(this.wire, options.kwargs), {
      args: args ?? [],
      options: toWireOptions(options),
    });
    if (kindOf(this.wire) === "chain" && planned.result[1] !== null) {
      const sent = planned.send();
      return sentGroupResult(this.runtime, planned.result, sent) as unknown as SentResult<R>;
    }
    return sentResult<R>(this.runtime, planned.result, planned.send());
  }

  /** The same call, sent differently. Python: `Signature.set`. */
  set(options: CallOptions): this {
    return this.with({ options: mergeOptions(this.wire.options, toWireOptions(options)) });
  }

  /** Called with the result on success. */
  link(...callbacks: HasWire[]): this {
    return this.append("link", callbacks);
  }

  /** Called with this task's id on failure. Python: `link_error`, `on_error`. */
  linkError(...errbacks: HasWire[]): this {
    return this.append("link_error", errbacks);
  }

  onError(...errbacks: HasWire[]): this {
    return this.linkError(...errbacks);
  }

  /** Marks every task of it, to be found again and revoked by the mark (Celery 5.3 and later). */
  stamp(stamps: Readonly<Record<string, unknown>>): this {
    const before = (this.wire.options["stamped_headers"] as string[] | undefined) ?? [];
    const stamped_headers = [...new Set([...before, ...Object.keys(stamps)])];
    return this.with({ options: mergeOptions(this.wire.options, { ...stamps, stamped_headers }) });
  }

  /** The same signature, but no result is put in front of its arguments. */
  immutable(): Signature<any[], R> {
    return this.with({ immutable: true }) as unknown as Signature<any[], R>;
  }

  toWire(): WireSignature {
    return this.wire;
  }

  toJSON(): WireSignature {
    return this.wire;
  }

  protected with(change: Partial<WireSignature>): this {
    const copy = Object.create(Object.getPrototypeOf(this) as object) as this;
    return Object.assign(copy, { runtime: this.runtime, wire: { ...this.wire, ...change } });
  }

  private append(key: "link" | "link_error", added: readonly HasWire[]): this {
    const before = (this.wire.options[key] as WireSignature[] | undefined) ?? [];
    const options: WireOptions = {
      ...this.wire.options,
      [key]: [...before, ...added.map((s) => s.toWire())],
    };
    return this.with({ options });
  }
}

/** Several signatures that run side by side. `T` are their results. */
export class GroupSignature<A extends unknown[] = any[], T extends unknown[] = unknown[]> implements HasWire {
  declare readonly accepts?: (args: A) => void;
  declare readonly gives?: T;
  readonly runtime: Runtime;
  readonly #wire: WireSignature;

  constructor(runtime: Runtime, wire: WireSignature) {
    this.runtime = runtime;
    this.#wire = wire;
  }

  delay(...args: A): SentGroupResult<T> {
    return this.applyAsync(args);
  }

  applyAsync(args?: A, options: CallOptions = {}): SentGroupResult<T> {
    const planned = plan(this.runtime, this.#wire, { args: args ?? [], options: toWireOptions(options) });
    return sentGroupResult<T>(this.runtime, planned.result, planned.send());
  }

  stamp(stamps: Readonly<Record<string, unknown>>): GroupSignature<A, T> {
    const options = { ...this.#wire.options, ...stamps, stamped_headers: Object.keys(stamps) };
    return new GroupSignature(this.runtime, { ...this.#wire, options });
  }

  toWire(): WireSignature {
    return this.#wire;
  }

  toJSON(): WireSignature {
    return this.#wire;
  }
}

function withKwargs(wire: WireSignature, kwargs: CallOptions["kwargs"]): WireSignature {
  if (kwargs === undefined) return wire;
  if (kindOf(wire) !== "task")
    throw new ArgumentError("`kwargs` can be given to a single task, not to a workflow");
  return { ...wire, kwargs: { ...wire.kwargs, ...kwargs } };
}
