import { randomUUID } from "node:crypto";
import { Fifo, waitable, type WaitOptions } from "../../core/index.ts";
import type { Listener } from "../brokers/broker.ts";
import { decodeJson } from "../protocol/json.ts";
import type { Runtime } from "../runtime.ts";
import type { WireEvent } from "./sender.ts";

/** Celery's own: an unused event queue goes after a minute, an event in it after 5 s. */
const QUEUE_EXPIRES_MS = 60_000;
const MESSAGE_TTL_MS = 5000;

/** What happens in all workers, as it happens. Python: `app.events.Receiver`. */
export class Events {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Calls `onEvent` for each event whose type matches (`"task.#"`, `"worker.#"`, default all); `close` ends it. */
  async listen(onEvent: (event: WireEvent) => void, pattern = "#"): Promise<Listener> {
    const broker = await this.#runtime.connections.broker();
    const exchange = this.#runtime.settings.eventExchange;
    return broker.listen(
      {
        exchange,
        exchangeType: "topic",
        routingKey: pattern,
        queue: `${exchange}.${randomUUID()}`,
        expires: QUEUE_EXPIRES_MS,
        messageTtl: MESSAGE_TTL_MS,
        durableExchange: true,
      },
      ({ body }) => {
        for (const event of eventsIn(body)) {
          this.#runtime.lamport.adjust(event.clock);
          onEvent(event);
        }
      },
    );
  }

  /** The events as they come: `for await (const event of app.events.stream())`. Ends when the loop is left. */
  async *stream(options: WaitOptions & { readonly pattern?: string } = {}): AsyncGenerator<WireEvent> {
    const inbox = new Fifo<WireEvent>();
    let wake = (): void => {};
    const listener = await this.listen((event) => {
      inbox.push(event);
      wake();
    }, options.pattern);
    try {
      for (;;) {
        const event = inbox.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        const next = waitable<void>(options, "Waiting for an event");
        wake = () => void next.resolve();
        await next.promise;
      }
    } finally {
      await listener.close();
    }
  }
}

function eventsIn(body: Uint8Array): WireEvent[] {
  try {
    const content = decodeJson(Buffer.from(body).toString("utf8"));
    return (Array.isArray(content) ? content : [content]) as WireEvent[];
  } catch {
    return []; // Not an event.
  }
}
