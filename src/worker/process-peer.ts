import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BatchChannel, unbatch } from "./batch-channel.ts";
import { entryUrl } from "./entry-url.ts";
import { childExecArgv } from "./exec-argv.ts";
import { guard } from "./guard.ts";
import type { Peer, PeerExit, PeerHandlers, PeerOptions, ResourceLimits } from "./peer.ts";
import type { Channel } from "./protocol.ts";

export class ProcessPeer implements Peer {
  readonly kind = "process";
  readonly name: string;
  readonly channel: Channel;
  readonly starts = undefined;
  readonly #child: ChildProcess;
  #error: unknown;

  constructor(options: PeerOptions, handlers: PeerHandlers) {
    this.name = options.name;
    const child = fork(fileURLToPath(entryUrl("process")), [options.name], {
      serialization: "advanced",
      execArgv: [...(options.execArgv ?? childExecArgv()), ...v8Options(options.resourceLimits)],
      ...(options.env && { env: options.env }),
    });
    this.#child = child;
    this.channel = new BatchChannel((batch) => {
      // The callback takes the EPIPE of a child that has just died; its exit event says the rest.
      if (child.connected) child.send(batch, NOTHING);
    }, handlers.unsendable);
    child.on("message", (batch) => unbatch(batch as unknown[], handlers.receive));
    child.on("error", (error) => (this.#error ??= error));
    const ended = (exit: PeerExit): void => {
      guard.remove(child.pid);
      handlers.exit(exit);
    };
    if (child.pid === undefined) {
      child.once("error", (error) => ended({ reason: "start", exitCode: null, signal: null, error }));
    } else {
      child.once("exit", (code, signal) =>
        this.#whenDrained(() => ended(describeExit(code, signal, this.#error))),
      );
      guard.add(child.pid);
    }
    child.unref();
    child.channel?.unref?.();
  }

  get ident(): number {
    return this.#child.pid ?? 0;
  }

  terminate(): void {
    this.#child.kill("SIGKILL");
  }

  /** The exit may be seen before the last results were read from the pipe; those come first. */
  #whenDrained(fn: () => void): void {
    if (this.#child.connected) this.#child.once("disconnect", fn);
    else fn();
  }
}

const NOTHING = (): void => {};

function v8Options(limits: ResourceLimits | undefined): string[] {
  if (limits === undefined) return [];
  const { maxOldGenerationSizeMb, maxYoungGenerationSizeMb, stackSizeMb } = limits;
  return [
    ...(maxOldGenerationSizeMb === undefined
      ? []
      : [`--max-old-space-size=${Math.ceil(maxOldGenerationSizeMb)}`]),
    ...(maxYoungGenerationSizeMb === undefined
      ? []
      : [`--max-semi-space-size=${Math.max(1, Math.floor(maxYoungGenerationSizeMb / 3))}`]),
    ...(stackSizeMb === undefined ? [] : [`--stack-size=${Math.floor(stackSizeMb * 1024)}`]),
  ];
}

function describeExit(exitCode: number | null, signal: NodeJS.Signals | null, error: unknown): PeerExit {
  // V8 ends a process that is out of heap by abort(): SIGABRT, or exit code 134 where a shell stands between.
  const reason = signal === null && exitCode !== 134 ? "exit" : "crash";
  return { reason, exitCode, signal, error };
}
