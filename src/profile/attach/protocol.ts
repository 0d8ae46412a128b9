import { ProfilerError } from "../../core/index.ts";
import type { CdpSession, Json } from "./session.ts";

/** A way to exchange text messages with an inspector. */
export interface Transport {
  post(message: string): void;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly method: string;
  resolve(result: Json): void;
  reject(error: ProfilerError): void;
}

/** The DevTools protocol over any transport: numbers the commands, matches the replies, hands out the events. */
export class Protocol implements CdpSession {
  readonly #transport: Transport;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Set<(params: any) => void>>();
  #lastId = 0;
  #failure: ProfilerError | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  send<R = Json>(method: string, params: Json = {}): Promise<R> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    this.#waiting.set(id, { method, resolve, reject });
    this.#transport.post(JSON.stringify({ id, method, params }));
    return promise as Promise<R>;
  }

  on<P = Json>(event: string, listener: (params: P) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(listener));
    return () => set.delete(listener);
  }

  /** Takes in one message from the other side. */
  receive(text: string): void {
    const message = JSON.parse(text) as Reply;
    if (message.id === undefined) {
      for (const listener of this.#listeners.get(message.method ?? "") ?? []) listener(message.params ?? {});
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result ?? {});
    else waiting?.reject(new ProfilerError(`${waiting.method} failed: ${message.error.message}`));
  }

  /** The other side is gone: everything that waits fails with this, and so does everything sent from now on. */
  fail(error: ProfilerError): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}

/** Evaluates an expression and gives its value, which must be plain data. Throws what the expression throws. */
export async function evaluate<T>(session: CdpSession, expression: string): Promise<T> {
  const reply = await session.send<{
    result: { value: T };
    exceptionDetails?: { text: string; exception?: { description?: string } };
  }>("Runtime.evaluate", {
    expression,
    returnByValue: true,
    includeCommandLineAPI: true,
    silent: true,
  });
  const thrown = reply.exceptionDetails;
  if (thrown !== undefined) {
    throw new ProfilerError(`the target threw: ${thrown.exception?.description ?? thrown.text}`);
  }
  return reply.result.value;
}
