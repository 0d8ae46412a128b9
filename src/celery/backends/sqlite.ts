import { openSqlite, type SqliteFile } from "../sqlite/file.ts";
import type {
  ChordCounter,
  ChordPart,
  ChordParts,
  ResultBackend,
  ResultMeta,
  ResultTuple,
} from "./backend.ts";
import type { MetaCodec } from "./meta-codec.ts";

/** Results in the broker's file, or one of their own. */
export async function openSqliteBackend(
  url: string,
  codec: MetaCodec,
  resultExpires: number | null,
): Promise<ResultBackend> {
  return new SqliteBackend(url, await openSqlite(url), codec, resultExpires);
}

const STORE = `
INSERT INTO results (task_id, status, body, until) VALUES (?, ?, ?, ?)
ON CONFLICT (task_id) DO UPDATE SET
  seq = (SELECT max(seq) + 1 FROM results), status = excluded.status, body = excluded.body, until = excluded.until
WHERE results.status <> 'SUCCESS'`;
/** One sweep for so many stored results keeps the table from growing without a timer. */
const SWEEP_EVERY = 500;

class SqliteBackend implements ResultBackend {
  readonly url: string;
  readonly chords: ChordCounter;
  readonly #file: SqliteFile;
  readonly #codec: MetaCodec;
  readonly #lifetimeMs: number | null;
  readonly #watchers = new Map<string, Set<(meta: ResultMeta) => void>>();
  #stopListening: Promise<() => void> | undefined;
  #seen = 0;
  #stored = 0;

  constructor(url: string, file: SqliteFile, codec: MetaCodec, resultExpires: number | null) {
    this.url = url;
    this.#file = file;
    this.#codec = codec;
    this.#lifetimeMs = resultExpires === null || resultExpires === 0 ? null : resultExpires * 1000;
    this.chords = new SqliteChordCounter(file, codec);
  }

  async store(meta: ResultMeta): Promise<void> {
    const body = this.#codec.encode(meta);
    await this.#file.write(() => {
      this.#file.run(STORE, meta.task_id, meta.status, body, this.#until());
      if (++this.#stored % SWEEP_EVERY === 0) this.#sweep();
    }, "r");
  }

  async get(id: string): Promise<ResultMeta | null> {
    const row = this.#file.get("SELECT body, until FROM results WHERE task_id = ?", id);
    if (row === undefined || (typeof row["until"] === "number" && row["until"] < Date.now())) return null;
    return this.#codec.decodeMeta(row["body"] as Uint8Array);
  }

  getMany(ids: readonly string[]): Promise<(ResultMeta | null)[]> {
    return Promise.all(ids.map((id) => this.get(id)));
  }

  async watch(id: string, onMeta: (meta: ResultMeta) => void): Promise<() => void> {
    const set = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, set.add(onMeta));
    await (this.#stopListening ??= this.#listen());
    return () => {
      set.delete(onMeta);
      if (set.size === 0 && this.#watchers.get(id) === set) this.#watchers.delete(id);
    };
  }

  async forget(ids: readonly string[]): Promise<void> {
    await this.#file.write(() => {
      for (const id of ids) this.#file.run("DELETE FROM results WHERE task_id = ?", id);
    });
  }

  async saveGroup(id: string, tuple: ResultTuple): Promise<void> {
    const body = this.#codec.encode(tuple);
    await this.#file.write(() =>
      this.#file.run("INSERT OR REPLACE INTO groups VALUES (?, ?, ?)", id, body, this.#until()),
    );
  }

  async restoreGroup(id: string): Promise<ResultTuple | null> {
    const row = this.#file.get("SELECT body FROM groups WHERE id = ?", id);
    return row === undefined ? null : (this.#codec.decode(row["body"] as Uint8Array) as ResultTuple);
  }

  async deleteGroup(id: string): Promise<void> {
    await this.#file.write(() => this.#file.run("DELETE FROM groups WHERE id = ?", id));
  }

  async prepare(): Promise<void> {}

  async cleanup(): Promise<void> {
    await this.#file.write(() => this.#sweep());
  }

  async close(): Promise<void> {
    (await this.#stopListening)?.();
    await this.#file.close();
  }

  destroy(): void {
    this.#file.giveUp();
  }

  #sweep(): void {
    this.#file.run("DELETE FROM results WHERE until < ?", Date.now());
    this.#file.run("DELETE FROM groups WHERE until < ?", Date.now());
  }

  #until(): number | null {
    return this.#lifetimeMs === null ? null : Date.now() + this.#lifetimeMs;
  }

  #listen(): Promise<() => void> {
    this.#seen = Number(this.#file.get("SELECT coalesce(max(seq), 0) AS last FROM results")!["last"]);
    return this.#file.bells.listen("r", () => this.#announce());
  }

  #announce(): void {
    const news = this.#file.all("SELECT seq, task_id FROM results WHERE seq > ? ORDER BY seq", this.#seen);
    for (const { seq, task_id } of news) {
      this.#seen = Number(seq);
      const watching = this.#watchers.get(String(task_id));
      if (watching === undefined) continue;
      const row = this.#file.get("SELECT body FROM results WHERE task_id = ?", String(task_id));
      const meta = row === undefined ? null : this.#codec.decodeMeta(row["body"] as Uint8Array);
      if (meta !== null) for (const watcher of watching) watcher(meta);
    }
  }
}

class SqliteChordCounter implements ChordCounter {
  readonly #file: SqliteFile;
  readonly #codec: MetaCodec;

  constructor(file: SqliteFile, codec: MetaCodec) {
    this.#file = file;
    this.#codec = codec;
  }

  async setSize(groupId: string, size: number): Promise<void> {
    await this.#file.write(() =>
      this.#file.run(
        "INSERT INTO chords (id, size) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET size = excluded.size",
        groupId,
        size,
      ),
    );
  }

  async grow(groupId: string, by: number): Promise<void> {
    await this.#file.write(() =>
      this.#file.run(
        "INSERT INTO chords (id, extra) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET extra = extra + excluded.extra",
        groupId,
        by,
      ),
    );
  }

  addPart({ groupId, groupIndex, taskId, state, result }: ChordPart): Promise<ChordParts | null> {
    const body = this.#codec.encode([1, taskId, state, result]);
    return this.#file.write(() => {
      const position = groupIndex ?? Number.MAX_VALUE;
      this.#file.run(
        "INSERT OR REPLACE INTO chord_parts VALUES (?, ?, ?, ?)",
        groupId,
        taskId,
        position,
        body,
      );
      const chord = this.#file.get("SELECT size, extra FROM chords WHERE id = ?", groupId);
      if (chord === undefined || chord["size"] === null) return null;
      const parts = this.#file.all("SELECT body FROM chord_parts WHERE chord = ? ORDER BY position", groupId);
      if (parts.length < Number(chord["size"]) + Number(chord["extra"])) return null;
      return parts.map((part) => this.#codec.decode(part["body"] as Uint8Array) as ChordParts[number]);
    });
  }

  async finish(groupId: string): Promise<void> {
    await this.#file.write(() => {
      this.#file.run("DELETE FROM chord_parts WHERE chord = ?", groupId);
      this.#file.run("DELETE FROM chords WHERE id = ?", groupId);
    });
  }
}
