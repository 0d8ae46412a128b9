import type { Variable } from "./syntax.ts";
import type { Refusal } from "./capture-error.ts";
import type { LiveScope, Probe } from "./probe.ts";
import type { FunctionWire, Property, Slot, Target, Unit, WireNode } from "./wire.ts";

/** One capture in progress, as the parts that encode functions and objects see it. */
export interface Encoding {
  readonly to: Target;
  /** Going back to where classes came from: those the other side knows travel by their id. */
  readonly back: boolean;
  /** Part of one message: what `transfer` can move may be in it. */
  readonly message: boolean;
  readonly probe: Probe;
  /** Names of the scripts on the stack, by V8's id. */
  readonly stack: ReadonlyMap<string, string>;
  /** The object whose properties are being encoded. */
  readonly holder: object | null;
  /** Classes with native private members, whose instances no other class can read, and their scripts. */
  readonly privateClasses: Map<Function, string>;
  /** Objects of which only what is used travels. */
  readonly picked: Map<object, Picked>;
  /** Encodes a value reached from the present one by `label`. */
  encode(value: unknown, label: string): Slot;
  /** Gives `value` its slot before its parts are encoded, so that cycles end. */
  reserve<N extends WireNode>(value: unknown, node: N): N;
  nodeAt(slot: Slot): WireNode;
  add(node: WireNode): Slot;
  unit(unit: Unit): number;
  /** Runs `fn` with `holder` set. */
  holding<T>(holder: object, fn: () => T): T;
  /** Runs `fn` for the captures of a function: what fails below the first level becomes poison. */
  inside<T>(levels: number, fn: () => T): T;
  /** Runs `fn` for something written at a place of the user's source, which errors then name. */
  written<T>(where: () => string, fn: () => T): T;
  /** The capture holds something that may change. */
  volatile(): void;
  /** A captured variable that may have to be shared between functions. */
  captured(capture: Capture): void;
  /** A weak collection, whose entries follow once everything else is known. */
  weak(collection: object, entries: (readonly [Slot, Slot])[]): void;
  refuse(refusal: Refusal, where?: string): never;
}

export interface Capture {
  readonly fn: FunctionWire;
  /** Which of its captured variables. */
  readonly index: number;
  /** The function's code, by identity. */
  readonly place: object;
  readonly variable: Variable;
  readonly scope: LiveScope;
  readonly written: boolean;
}

/** An object of which some properties were picked. */
export interface Picked {
  readonly slot: Slot;
  readonly props: Property[];
  readonly names: Set<string>;
}
