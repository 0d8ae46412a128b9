import { UnsupportedError } from "../../core/index.ts";
import type { Broker, Listener } from "../brokers/broker.ts";
import type { ResultBackend, ResultMeta, ResultTuple } from "./backend.ts";
import { READY_STATES } from "./backend.ts";
import type { MetaCodec } from "./meta-codec.ts";

/** Celery's own lifetime of an unused result queue. */
const QUEUE_EXPIRES_MS = 86_400_000;
/** Results kept for a later `get`; the oldest go first. */
const MOST_KEPT = 100_000;

/**
 * Results as messages to the program that sent the task (`rpc://`): nothing is stored, only that program can read
 * them, once it was there when they came. No chords, no saved groups.
 */
export class RpcBackend implements ResultBackend {
  readonly url = "rpc://";
  readonly chords: undefined = undefined;
  readonly #broker: () => Promise<Broker>;
  readonly #codec: MetaCodec;
  readonly #persistent: boolean;
  readonly #queue: string;
  readonly #metas = new Map<string, ResultMeta>();
  readonly #watchers = new Map<string, Set<(meta: ResultMeta) => void>>();
  #listener: Promise<Listener> | undefined;

  constructor(broker: () => Promise<Broker>, queue: string, codec: MetaCodec, persistent: boolean) {
    this.#queue = queue;
    this.#broker = broker;
    this.#codec = codec;
    this.#persistent = persistent;
  }

  async store(meta: ResultMeta, { replyTo }: { readonly replyTo: string | undefined }): Promise<void> {
    if (replyTo === undefined) return;
    const { task_id, status, result, traceback, children } = meta;
    const broker = await this.#broker();
    await broker.publish(
      {
        body: this.#codec.encode({ task_id, status, result, traceback, children }),
        contentType: this.#codec.contentType,
        contentEncoding: this.#codec.contentEncoding,
        headers: {},
        properties: { correlationId: task_id, deliveryMode: this.#persistent ? 2 : 1 },
      },
      { exchange: "", exchangeType: "direct", routingKey: replyTo },
    );
  }

  async get(id: string): Promise<ResultMeta | null> {
    return this.#metas.get(id) ?? null;
  }

  async getMany(ids: readonly string[]): Promise<(ResultMeta | null)[]> {
    return ids.map((id) => this.#metas.get(id) ?? null);
  }

  async watch(id: string, onMeta: (meta: ResultMeta) => void): Promise<() => void> {
    const set = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, set.add(onMeta));
    await this.prepare();
    return () => {
      set.delete(onMeta);
      if (set.size === 0) this.#watchers.delete(id);
    };
  }

  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#metas.delete(id);
  }

  async saveGroup(): Promise<void> {
    throw notStored();
  }

  async restoreGroup(): Promise<ResultTuple | null> {
    throw notStored();
  }

  async deleteGroup(): Promise<void> {}

  /** The queue stands before its name goes out with a task, so that no result can come too early. */
  async prepare(): Promise<void> {
    this.#listener ??= this.#listen();
    await this.#listener;
  }

  async cleanup(): Promise<void> {}

  async close(): Promise<void> {
    await (await this.#listener?.catch(() => undefined))?.close();
    this.#listener = undefined;
  }

  /** It has no connection but the broker's. */
  destroy(): void {}

  async #listen(): Promise<Listener> {
    const spec = {
      queue: this.#queue,
      exchange: "",
      exchangeType: "direct",
      routingKey: this.#queue,
      expires: QUEUE_EXPIRES_MS,
    } as const;
    return (await this.#broker()).listen(spec, (message) => this.#receive(message.body));
  }

  #receive(body: Uint8Array): void {
    const meta = this.#read(body);
    if (meta === null || READY_STATES.has(this.#metas.get(meta.task_id)?.status ?? "")) return;
    this.#metas.delete(meta.task_id);
    this.#metas.set(meta.task_id, meta);
    if (this.#metas.size > MOST_KEPT) this.#metas.delete(this.#metas.keys().next().value!);
    for (const watcher of this.#watchers.get(meta.task_id) ?? []) watcher(meta);
  }

  #read(body: Uint8Array): ResultMeta | null {
    try {
      const meta = this.#codec.decodeMeta(body);
      return meta === null ? null : { ...meta, date_done: null };
    } catch {
      return null; // Not a result of ours.
    }
  }
}

function notStored(): UnsupportedError {
  return new UnsupportedError("rpc:// stores nothing; saved groups need redis://, sqlite:// or memory://");
}
