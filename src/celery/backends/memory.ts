import type { ResultBackend, ResultMeta, ResultTuple } from "./backend.ts";
import { MemoryChordCounter } from "./chord-parts.ts";
import type { MetaCodec } from "./meta-codec.ts";

/** Results inside one thread of one process: `memory://` or `memory://NAME`. What expires is dropped as others are stored. */
export function openMemoryBackend(
  url: string,
  codec: MetaCodec,
  resultExpires: number | null,
): ResultBackend {
  let store = stores.get(url);
  if (store === undefined) stores.set(url, (store = new Store()));
  return new MemoryBackend(url, store, codec, resultExpires);
}

const stores = new Map<string, Store>();

class Store {
  /** Encoded, so that what comes back is a copy and is the same as from any other backend. */
  readonly metas = new Map<string, { status: string; body: Buffer; until: number }>();
  readonly groups = new Map<string, ResultTuple>();
  readonly watchers = new Map<string, Set<(meta: ResultMeta) => void>>();
  readonly chords = new MemoryChordCounter();
}

class MemoryBackend implements ResultBackend {
  readonly url: string;
  readonly chords: MemoryChordCounter;
  readonly #store: Store;
  readonly #codec: MetaCodec;
  readonly #lifetimeMs: number;

  constructor(url: string, store: Store, codec: MetaCodec, resultExpires: number | null) {
    this.url = url;
    this.chords = store.chords;
    this.#store = store;
    this.#codec = codec;
    this.#lifetimeMs = resultExpires === null || resultExpires === 0 ? Infinity : resultExpires * 1000;
  }

  async store(meta: ResultMeta): Promise<void> {
    const { metas, watchers } = this.#store;
    if (metas.get(meta.task_id)?.status === "SUCCESS") return;
    const body = this.#codec.encode(meta);
    // Deleted first, so that the map stays in the order of storing and the oldest is at its head.
    metas.delete(meta.task_id);
    metas.set(meta.task_id, { status: meta.status, body, until: Date.now() + this.#lifetimeMs });
    this.#dropExpired();
    const watching = watchers.get(meta.task_id);
    if (watching === undefined) return;
    const copy = this.#codec.decodeMeta(body)!;
    for (const watcher of watching) watcher(copy);
  }

  async get(id: string): Promise<ResultMeta | null> {
    const entry = this.#store.metas.get(id);
    return entry === undefined || entry.until < Date.now() ? null : this.#codec.decodeMeta(entry.body);
  }

  getMany(ids: readonly string[]): Promise<(ResultMeta | null)[]> {
    return Promise.all(ids.map((id) => this.get(id)));
  }

  async watch(id: string, onMeta: (meta: ResultMeta) => void): Promise<() => void> {
    const { watchers } = this.#store;
    const set = watchers.get(id) ?? new Set();
    watchers.set(id, set.add(onMeta));
    return () => {
      set.delete(onMeta);
      if (set.size === 0) watchers.delete(id);
    };
  }

  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#store.metas.delete(id);
  }

  async saveGroup(id: string, tuple: ResultTuple): Promise<void> {
    this.#store.groups.set(id, tuple);
  }

  async restoreGroup(id: string): Promise<ResultTuple | null> {
    return this.#store.groups.get(id) ?? null;
  }

  async deleteGroup(id: string): Promise<void> {
    this.#store.groups.delete(id);
  }

  async prepare(): Promise<void> {}

  async cleanup(): Promise<void> {
    this.#dropExpired();
  }

  async close(): Promise<void> {}

  destroy(): void {}

  #dropExpired(): void {
    const now = Date.now();
    for (const [id, { until }] of this.#store.metas) {
      if (until >= now) return;
      this.#store.metas.delete(id);
    }
  }
}
