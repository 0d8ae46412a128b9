import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { posix } from "../memory/index.ts";
import { BulkReader, BulkWriter } from "./bulk.ts";
import { entryUrl } from "./entry-url.ts";
import { childExecArgv } from "./exec-argv.ts";
import { guard } from "./guard.ts";
import { Inbox } from "./inbox.ts";
import { Outbox, TASKS_TOGETHER } from "./outbox.ts";
import { hasLarge } from "./large-arrays.ts";
import type { Peer, PeerExit, PeerHandlers, PeerOptions, ResourceLimits } from "./peer.ts";
import { type Channel, Op } from "./protocol.ts";
import { RingPair } from "./ring.ts";
import type { StartCount } from "./start-count.ts";
import { transport } from "./transport.ts";

export class ProcessPeer implements Peer {
  readonly kind = "process";
  readonly name: string;
  starts: StartCount | undefined = undefined;
  readonly #child: ChildProcess;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #rings: RingPair | "offered" | undefined;
  #bulk: BulkWriter | undefined;
  readonly #transport = transport();
  #error: unknown;

  constructor(options: PeerOptions, handlers: PeerHandlers) {
    this.name = options.name;
    const child = fork(fileURLToPath(entryUrl("process")), [options.name], {
      serialization: "advanced",
      execArgv: [...(options.execArgv ?? childExecArgv()), ...v8Options(options.resourceLimits)],
      ...(options.env && { env: options.env }),
    });
    this.#child = child;
    // The callback takes the EPIPE of a child that has just died; its exit event says the rest.
    const send = (message: unknown): boolean => child.connected && child.send(message as object, NOTHING);
    this.#outbox = new Outbox(
      (batch) => {
        if (this.#bulk !== undefined) this.#bulk.send(batch, send);
        else send(batch);
        if (this.#rings === undefined && this.#wouldUseMemory(batch)) this.#offerMemory();
      },
      handlers.unsendable,
      TASKS_TOGETHER,
    );
    this.#inbox = new Inbox({
      receive: (op, id, a, b) => {
        if (op === Op.ATTACHED) this.#attach(a as boolean);
        else handlers.receive(op, id, a, b);
      },
      after: NOTHING,
    });
    const bulk = new BulkReader();
    child.on("message", (message) => this.#inbox.message(bulk.read(message)));
    child.on("error", (error) => (this.#error ??= error));
    const ended = (exit: PeerExit): void => {
      guard.remove(child.pid);
      this.#inbox.close();
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

  get channel(): Channel {
    return this.#outbox;
  }

  terminate(): void {
    this.#child.kill("SIGKILL");
  }

  #wouldUseMemory(batch: readonly unknown[]): boolean {
    const way = this.#transport;
    return way !== "messages" && (way === "rings" || this.#outbox.sent > OFFER_AFTER || hasLarge(batch));
  }

  /** Makes memory that both share, where that can be done, and tells the child of it. */
  #offerMemory(): void {
    this.#rings = "offered";
    if (posix() === null) return;
    this.#rings = new RingPair("process");
    this.#inbox.attach(this.#rings.reader);
    this.#outbox.post(Op.ATTACH, 0, this.#rings.ship("process"));
  }

  /** The child may not be able to share memory: it has no koffi, or may not load it. */
  #attach(taken: boolean): void {
    if (!taken || !(this.#rings instanceof RingPair)) return;
    this.#outbox.attach(this.#rings.writer);
    this.starts = this.#rings.starts;
    this.#bulk = new BulkWriter();
  }

  /** The exit may be seen before the last results were read from the pipe; those come first. */
  #whenDrained(fn: () => void): void {
    if (this.#child.connected) this.#child.once("disconnect", fn);
    else fn();
  }
}

/**
 * Records to a child before it is offered shared memory: to load koffi takes both sides some milliseconds, which only
 * a busy pool gets back.
 */
const OFFER_AFTER = 5000;

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
