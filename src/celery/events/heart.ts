import { loadavg } from "node:os";
import { clock } from "../../core/index.ts";
import type { EventSender } from "./sender.ts";

/** Celery's own; a worker is taken for dead after twice that. */
const FREQUENCY_SECONDS = 2;

export interface Pulse {
  readonly active: number;
  readonly processed: number;
}

/** Tells monitors that the worker is there: online, a beat every two seconds, offline. */
export class Heart {
  readonly #events: EventSender;
  readonly #pulse: () => Pulse;
  #cancel: (() => void) | undefined;

  constructor(events: EventSender, pulse: () => Pulse) {
    this.#events = events;
    this.#pulse = pulse;
  }

  async start(): Promise<void> {
    await this.#send("worker-online");
    this.#arm();
  }

  beat(): Promise<void> {
    return this.#send("worker-heartbeat");
  }

  async stop(): Promise<void> {
    if (this.#cancel === undefined) return;
    this.silence();
    await this.#send("worker-offline");
  }

  /** Ends without a word. */
  silence(): void {
    this.#cancel?.();
  }

  #arm(): void {
    this.#cancel = clock().after(
      FREQUENCY_SECONDS,
      () => {
        void this.beat();
        this.#arm();
      },
      { unref: true },
    );
  }

  #send(type: string): Promise<void> {
    return this.#events.worker(type, {
      freq: FREQUENCY_SECONDS,
      ...this.#pulse(),
      loadavg: loadavg().map((load) => Math.round(load * 100) / 100),
      sw_ident: "spool",
      sw_ver: "0.1.0",
      sw_sys: process.platform === "linux" ? "Linux" : process.platform,
    });
  }
}
