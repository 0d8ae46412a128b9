import { CaptureError } from "../core/index.ts";
import { type Refusal, callerPlace, captureError } from "./capture-error.ts";
import { encodeFunction } from "./encode-function.ts";
import { encodeObject } from "./encode-object.ts";
import type { Capture, Encoding, Picked } from "./encoding.ts";
import { shareCells } from "./groups.ts";
import { PlainCheck, isImmutable } from "./plain.ts";
import { Probe } from "./probe.ts";
import { scriptsOnStack } from "./scripts.ts";
import type { Payload, PoisonWire, Slot, Target, Unit, WireNode } from "./wire.ts";

export interface Encoded {
  readonly payload: Payload;
  /** Nothing in it can change, so it may be sent again as it is. */
  readonly stable: boolean;
}

export interface EncodeOptions {
  readonly to: Target;
  readonly back?: boolean;
  /** Sent at once, so nothing needs copying, and what can be transferred may be in it. */
  readonly message?: boolean;
}

/** Encodes one value with everything it needs, as it is at this moment. */
export function encodeValue(value: unknown, label: string, options: EncodeOptions): Encoded {
  const encoder = new Encoder(options);
  try {
    return encoder.run(value, label);
  } finally {
    encoder.probe.close();
  }
}

/** More nodes than this are a sign that the capture has strayed into a whole library. */
const MOST_NODES = 500_000;
const MOST_FUNCTIONS = 5_000;

/** What a function captures itself fails at once; what its helpers capture becomes poison. */
const EAGER_DEPTH = 1;

class Encoder implements Encoding {
  readonly to: Target;
  readonly back: boolean;
  readonly message: boolean;
  readonly probe: Probe = new Probe();
  readonly privateClasses: Map<Function, string> = new Map();
  readonly picked: Map<object, Picked> = new Map();
  holder: object | null = null;
  readonly #plain: PlainCheck;
  readonly #nodes: WireNode[] = [];
  readonly #units: Unit[] = [];
  readonly #slots = new Map<unknown, Slot>();
  readonly #captures: Capture[] = [];
  readonly #weak: { collection: object; entries: (readonly [Slot, Slot])[] }[] = [];
  readonly #path: string[] = [];
  readonly #places: (() => string)[] = [];
  #stack: ReadonlyMap<string, string> | undefined;
  #depth = 0;
  #stable = true;

  constructor(options: EncodeOptions) {
    this.to = options.to;
    this.back = options.back ?? false;
    this.message = options.message ?? false;
    this.#plain = new PlainCheck(options.to, true);
  }

  get stack(): ReadonlyMap<string, string> {
    return (this.#stack ??= scriptsOnStack());
  }

  run(value: unknown, label: string): Encoded {
    const root = this.encode(value, label);
    this.#weakEntries();
    const groups = shareCells(this.#captures, (fn) => this.#nodes.indexOf(fn));
    if (!this.message) snapshot(this.#nodes);
    return { payload: { root, nodes: this.#nodes, units: this.#units, groups }, stable: this.#stable };
  }

  encode(value: unknown, label: string): Slot {
    if (typeof value === "symbol") return this.#symbol(value);
    if (typeof value !== "function" && (typeof value !== "object" || value === null))
      return this.add({ kind: "raw", value });
    const known = this.#slots.get(value);
    if (known !== undefined) return known;
    if (typeof value === "object" && this.#plain.isPlain(value)) {
      if (!isImmutable(value)) this.volatile();
      return this.#slotFor(value, { kind: "raw", value });
    }
    return this.#complex(value, label);
  }

  #complex(value: object, label: string): Slot {
    this.#path.push(label);
    try {
      if (typeof value === "function") encodeFunction(this, value);
      else encodeObject(this, value);
    } catch (error) {
      const refusal = this.#failure(error);
      if (this.#depth <= EAGER_DEPTH || refusal.code === "CAPTURE_TOO_BIG") throw refusal;
      return this.#slotFor(value, poison(refusal));
    } finally {
      this.#path.pop();
    }
    return this.#slots.get(value)!;
  }

  #failure(error: unknown): CaptureError {
    if (error instanceof CaptureError) return error;
    if (!(error instanceof RangeError)) throw error;
    const hint = "send it in parts, or as a flat array";
    return captureError(
      { code: "CAPTURE_TOO_BIG", problem: "it is nested too deeply", hint },
      this.#path,
      null,
    );
  }

  reserve<N extends WireNode>(value: unknown, node: N): N {
    this.#slotFor(value, node);
    return node;
  }

  nodeAt(slot: Slot): WireNode {
    return this.#nodes[slot]!;
  }

  #slotFor(value: unknown, node: WireNode): Slot {
    const slot = this.add(node);
    this.#slots.set(value, slot);
    return slot;
  }

  add(node: WireNode): Slot {
    if (this.#nodes.length >= MOST_NODES) this.#tooBig();
    return this.#nodes.push(node) - 1;
  }

  unit(unit: Unit): number {
    if (this.#units.length >= MOST_FUNCTIONS) this.#tooBig();
    return this.#units.push(unit) - 1;
  }

  holding<T>(holder: object, fn: () => T): T {
    const before = this.holder;
    this.holder = holder;
    try {
      return fn();
    } finally {
      this.holder = before;
    }
  }

  inside<T>(levels: number, fn: () => T): T {
    const before = this.holder;
    this.holder = null;
    this.#depth += levels;
    try {
      return fn();
    } finally {
      this.#depth -= levels;
      this.holder = before;
    }
  }

  written<T>(where: () => string, fn: () => T): T {
    this.#places.push(where);
    try {
      return fn();
    } finally {
      this.#places.pop();
    }
  }

  volatile(): void {
    this.#stable = false;
  }

  captured(capture: Capture): void {
    this.#captures.push(capture);
  }

  weak(collection: object, entries: (readonly [Slot, Slot])[]): void {
    this.#weak.push({ collection, entries });
  }

  refuse(refusal: Refusal, where?: string): never {
    throw captureError(refusal, this.#path, where ?? this.#places.at(-1)?.() ?? callerPlace());
  }

  #tooBig(): never {
    return this.refuse({
      code: "CAPTURE_TOO_BIG",
      problem: "it reaches too many objects and functions; most likely a whole library hangs on it",
      hint: "import what the function needs instead of capturing it",
    });
  }

  #symbol(symbol: symbol): Slot {
    const known = this.#slots.get(symbol);
    if (known !== undefined) return known;
    const registered = Symbol.keyFor(symbol);
    if (registered !== undefined)
      return this.#slotFor(symbol, { kind: "symbol", type: "registered", key: registered });
    const wellKnown = WELL_KNOWN.get(symbol);
    if (wellKnown !== undefined)
      return this.#slotFor(symbol, { kind: "symbol", type: "well-known", key: wellKnown });
    return this.#slotFor(symbol, { kind: "symbol", type: "fresh", key: symbol.description ?? "" });
  }

  /** An entry of a weak collection travels only when its key travels by another way. */
  #weakEntries(): void {
    let open = this.#weak.map(({ collection, entries }) => ({
      entries,
      left: this.probe.entries(collection),
    }));
    for (let found = true; found;) {
      found = false;
      for (const item of open) {
        item.left = item.left.filter(([key, value]) => {
          const slot = this.#slots.get(key);
          if (slot === undefined) return true;
          item.entries.push([slot, this.encode(value, "[value of the WeakMap]")]);
          found = true;
          return false;
        });
      }
      open = open.filter((item) => item.left.length > 0);
    }
  }
}

function poison(error: CaptureError): PoisonWire {
  const { message, code, path, where, hint } = error;
  return { kind: "poison", message, code, path, where, hint };
}

/** Copies the mutable data among the nodes, all at once so that what was shared stays shared. */
function snapshot(nodes: WireNode[]): void {
  const raw: { index: number; value: unknown }[] = [];
  nodes.forEach((node, index) => {
    if (node.kind === "raw" && typeof node.value === "object" && node.value !== null)
      raw.push({ index, value: node.value });
  });
  if (raw.length === 0) return;
  const copies = copied(raw.map((entry) => entry.value));
  raw.forEach(({ index }, i) => {
    nodes[index] = { kind: "raw", value: copies[i] };
  });
}

function copied(values: unknown[]): unknown[] {
  try {
    return structuredClone(values);
  } catch (cause) {
    const problem = `something in it cannot be copied (${(cause as Error).message})`;
    const hint = "make it inside the function, or pass it as an argument and name it in `transfer`";
    throw captureError({ code: "CAPTURE_UNCLONEABLE", problem, hint }, [], callerPlace(), cause);
  }
}

const WELL_KNOWN = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol).flatMap((name) => {
    const value: unknown = (Symbol as unknown as Record<string, unknown>)[name];
    return typeof value === "symbol" ? [[value, name] as const] : [];
  }),
);
