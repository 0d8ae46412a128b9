import { Batcher } from "../redis/batcher.ts";
import { RedisConnections, redisAddress, type RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";
import type {
  ChordCounter,
  ChordPart,
  ChordParts,
  ResultBackend,
  ResultMeta,
  ResultTuple,
} from "./backend.ts";
import type { MetaCodec } from "./meta-codec.ts";
import { Watchers } from "./redis-watchers.ts";

export interface RedisBackendOptions {
  readonly codec: MetaCodec;
  /** Seconds; null for ever. */
  readonly resultExpires: number | null;
  /** Celery's `result_backend_transport_options`. */
  readonly transport: Readonly<Record<string, unknown>>;
}

/**
 * Stores and announces results, but never over a stored success. Both Celery and this package write `status` first.
 * KEYS result key ...   ARGV seconds to live or 0, value ...
 */
const STORE = new Script(`
for i, key in ipairs(KEYS) do
  local old = redis.call('GETRANGE', key, 0, 20)
  if not string.find(old, '^{"status": ?"SUCCESS"') then
    if ARGV[1] == '0' then redis.call('SET', key, ARGV[i + 1])
    else redis.call('SETEX', key, ARGV[1], ARGV[i + 1]) end
    redis.call('PUBLISH', key, ARGV[i + 1])
  end
end
`);

/**
 * Counts one member of a chord, replacing what it reported before; gives all parts when none is missing.
 * KEYS G.j (zset), G.t, G.s   ARGV score, part, task id in quotes, seconds to live or 0
 */
const ADD_PART = new Script(`
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[1])) do
  local id = string.gsub(string.sub(old, 1, #ARGV[3] + 4), '^%[1, ?', '')
  if string.sub(id, 1, #ARGV[3]) == ARGV[3] then redis.call('ZREM', KEYS[1], old) end
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
if ARGV[4] ~= '0' then for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[4]) end end
local size = redis.call('GET', KEYS[3])
if not size then return false end
local wanted = tonumber(size) + tonumber(redis.call('GET', KEYS[2]) or '0')
if redis.call('ZCARD', KEYS[1]) < wanted then return false end
return redis.call('ZRANGE', KEYS[1], 0, -1)
`);

const LARGEST_BATCH = 200;

/** Celery's Redis result backend. */
export async function openRedisBackend(url: string, options: RedisBackendOptions): Promise<ResultBackend> {
  const address = redisAddress(url, options.transport);
  const connections = new RedisConnections(address);
  return new RedisBackend(address.shown, connections, await connections.connect(), options);
}

class RedisBackend implements ResultBackend {
  readonly url: string;
  readonly chords: ChordCounter;
  readonly #connections: RedisConnections;
  readonly #client: RedisClient;
  readonly #codec: MetaCodec;
  readonly #prefix: string;
  readonly #seconds: number;
  readonly #watchers: Watchers;
  readonly #stores: Batcher<{ key: string; value: Buffer }, void>;
  readonly #gets: Batcher<string, Buffer | null>;

  constructor(url: string, connections: RedisConnections, client: RedisClient, options: RedisBackendOptions) {
    this.url = url;
    this.#connections = connections;
    this.#client = client;
    this.#codec = options.codec;
    const prefix = options.transport["global_keyprefix"];
    this.#prefix = typeof prefix === "string" ? prefix : "";
    this.#seconds = Math.trunc(options.resultExpires ?? 0);
    this.#stores = new Batcher((items) => this.#storeAll(items), LARGEST_BATCH);
    this.#gets = new Batcher((keys) => this.#client.mgetBuffer(...keys), LARGEST_BATCH);
    this.#watchers = new Watchers(
      () => connections.connect(),
      (key) => this.#gets.add(key),
    );
    this.chords = new RedisChordCounter(client, this.#codec, this.#seconds, (id) => this.#groupKey(id));
  }

  async store(meta: ResultMeta): Promise<void> {
    await this.#stores.add({ key: this.#taskKey(meta.task_id), value: this.#codec.encode(meta) });
  }

  async get(id: string): Promise<ResultMeta | null> {
    return this.#codec.decodeMeta(await this.#gets.add(this.#taskKey(id)));
  }

  getMany(ids: readonly string[]): Promise<(ResultMeta | null)[]> {
    return Promise.all(ids.map((id) => this.get(id)));
  }

  watch(id: string, onMeta: (meta: ResultMeta) => void): Promise<() => void> {
    return this.#watchers.watch(this.#taskKey(id), (body) => {
      const meta = this.#codec.decodeMeta(body);
      if (meta !== null) onMeta(meta);
    });
  }

  async forget(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#client.del(...ids.map((id) => this.#taskKey(id)));
  }

  async saveGroup(id: string, tuple: ResultTuple): Promise<void> {
    const value = this.#codec.encode({ result: tuple });
    if (this.#seconds === 0) await this.#client.set(this.#groupKey(id), value);
    else await this.#client.setex(this.#groupKey(id), this.#seconds, value);
  }

  async restoreGroup(id: string): Promise<ResultTuple | null> {
    const value = await this.#client.getBuffer(this.#groupKey(id));
    return value === null ? null : (this.#codec.decode(value) as { result: ResultTuple }).result;
  }

  async deleteGroup(id: string): Promise<void> {
    await this.#client.del(this.#groupKey(id));
  }

  async prepare(): Promise<void> {}

  /** Redis drops what expired by itself. */
  async cleanup(): Promise<void> {}

  async close(): Promise<void> {
    await this.#stores.drain();
    await this.#watchers.close();
    this.#client.disconnect();
  }

  destroy(): void {
    this.#connections.disconnect();
  }

  async #storeAll(items: readonly { key: string; value: Buffer }[]): Promise<undefined[]> {
    await STORE.run(
      this.#client,
      items.map(({ key }) => key),
      [this.#seconds, ...items.map(({ value }) => value)],
    );
    return Array.from(items, () => undefined);
  }

  #taskKey(id: string): string {
    return `${this.#prefix}celery-task-meta-${id}`;
  }

  #groupKey(id: string): string {
    return `${this.#prefix}celery-taskset-meta-${id}`;
  }
}

class RedisChordCounter implements ChordCounter {
  readonly #client: RedisClient;
  readonly #codec: MetaCodec;
  readonly #seconds: number;
  readonly #key: (groupId: string) => string;

  constructor(client: RedisClient, codec: MetaCodec, seconds: number, key: (groupId: string) => string) {
    this.#client = client;
    this.#codec = codec;
    this.#seconds = seconds;
    this.#key = key;
  }

  async setSize(groupId: string, size: number): Promise<void> {
    const key = `${this.#key(groupId)}.s`;
    if (this.#seconds === 0) await this.#client.set(key, size);
    else await this.#client.setex(key, this.#seconds, size);
  }

  async grow(groupId: string, by: number): Promise<void> {
    await this.#client.incrby(`${this.#key(groupId)}.t`, by);
  }

  async addPart({ groupId, groupIndex, taskId, state, result }: ChordPart): Promise<ChordParts | null> {
    const key = this.#key(groupId);
    const part = this.#codec.encode([1, taskId, state, result]);
    const parts = (await ADD_PART.runBytes(
      this.#client,
      [`${key}.j`, `${key}.t`, `${key}.s`],
      [groupIndex ?? "+inf", part, JSON.stringify(taskId), this.#seconds],
    )) as Buffer[] | null;
    return parts === null ? null : parts.map((body) => this.#codec.decode(body) as ChordParts[number]);
  }

  async finish(groupId: string): Promise<void> {
    const key = this.#key(groupId);
    await this.#client.del(`${key}.j`, `${key}.t`, `${key}.s`);
  }
}
