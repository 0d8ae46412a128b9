import type { WorkerEnd } from "../core/index.ts";
import type { Channel, Receive } from "./protocol.ts";
import type { StartCount } from "./start-count.ts";
import type { Unsendable } from "./batch-channel.ts";

/** How and why a worker ended. */
export interface PeerExit {
  readonly reason: WorkerEnd;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: unknown;
}

export interface PeerHandlers {
  readonly receive: Receive;
  readonly unsendable: Unsendable;
  readonly exit: (exit: PeerExit) => void;
}

/** A worker thread or process as its pool sees it. It never keeps the program alive by itself. */
export interface Peer {
  readonly kind: "thread" | "process";
  readonly name: string;
  /** Thread id or process id. */
  readonly ident: number;
  readonly channel: Channel;
  /** Counts the tasks that it has started; undefined where only its messages say so. */
  readonly starts: StartCount | undefined;
  /** Ends it at once, whatever it does. `exit` is called later, as always. */
  terminate(): void;
}

export interface PeerOptions {
  readonly name: string;
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Limits of a worker, in MiB. For processes they become the matching V8 options. */
export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  readonly stackSizeMb?: number;
}

export type SpawnPeer = (options: PeerOptions, handlers: PeerHandlers) => Peer;
