import type { Payload } from "../closures/index.ts";
import type { Heirlooms } from "./heirlooms.ts";

/**
 * A thread or process that runs one function and ends: what `Thread` and `Process` are made of. Pools have peers
 * (peer.ts) instead, which run many.
 */
export interface Lone {
  /** The process id, or Node's thread id. */
  readonly ident: number;
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<LoneEnd>;
  readonly end: LoneEnd | null;
  /** Whether this program waits for it before it ends. */
  ref(): void;
  unref(): void;
  /** For a thread any signal ends it at once. */
  kill(signal: NodeJS.Signals): void;
}

export interface LoneEnd {
  /** As Python gives it: the code it ended with, or the negative number of the signal that ended it. */
  readonly exitCode: number;
  /** What its function threw, where it can be told. */
  readonly failure: { readonly error: unknown } | null;
}

/** What the other side is told at the start. */
export interface LoneStart {
  readonly target: Payload | null;
  readonly args: unknown;
  readonly info: LoneInfo;
}

/** As it crosses. */
export interface LoneMessage extends LoneStart {
  readonly heirlooms: Heirlooms;
}

/** Who a lone thread or process is, for itself. */
export interface LoneInfo {
  readonly name: string;
  readonly daemon: boolean;
  /** Name and id of the process or thread that started it. */
  readonly parent: { readonly name: string; readonly ident: number };
  readonly authkey?: Uint8Array;
}

/** Set in a thread or process that Thread or Process started; null elsewhere. */
export function loneInfo(): LoneInfo | null {
  return info;
}

/** For the entry files. */
export function setLoneInfo(value: LoneInfo): void {
  info = value;
}

let info: LoneInfo | null = null;
