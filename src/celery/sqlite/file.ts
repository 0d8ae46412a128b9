import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { resolve } from "node:path";
import { OperationalError, UnsupportedError } from "../../core/index.ts";
import { Bells, type BellKind } from "./bells.ts";

/** Milliseconds between tries while another process writes; drawn anew each time so that nobody starves. */
const BUSY_PAUSE_MS = 3;
/** Opening may have to wait for another process that creates the tables. */
const OPEN_BUSY_MS = 5000;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, priority INTEGER NOT NULL, envelope TEXT NOT NULL,
  not_before REAL NOT NULL, holder TEXT, lease_until REAL NOT NULL DEFAULT 0, redelivered INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_ready ON messages (queue, priority, id) WHERE holder IS NULL;
CREATE INDEX IF NOT EXISTS messages_eta ON messages (not_before) WHERE holder = 'eta';
CREATE INDEX IF NOT EXISTS messages_held ON messages (lease_until) WHERE holder IS NOT NULL AND holder <> 'eta';
CREATE TABLE IF NOT EXISTS bindings (
  exchange TEXT NOT NULL, queue TEXT NOT NULL, type TEXT NOT NULL, routing_key TEXT NOT NULL,
  PRIMARY KEY (exchange, queue, routing_key));
CREATE TABLE IF NOT EXISTS broadcasts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, exchange TEXT NOT NULL, routing_key TEXT NOT NULL, envelope TEXT NOT NULL,
  created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS results (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, body BLOB NOT NULL,
  until REAL);
CREATE TABLE IF NOT EXISTS groups (id TEXT PRIMARY KEY, body BLOB NOT NULL, until REAL);
CREATE TABLE IF NOT EXISTS chords (id TEXT PRIMARY KEY, size INTEGER, extra INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS chord_parts (
  chord TEXT NOT NULL, task_id TEXT NOT NULL, position REAL NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (chord, task_id));
CREATE TABLE IF NOT EXISTS bells (address TEXT PRIMARY KEY, created REAL NOT NULL);
`;

type Row = Record<string, SQLOutputValue>;

interface Write {
  readonly work: () => unknown;
  readonly ring: BellKind | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const files = new Map<string, { file: Promise<SqliteFile>; users: number }>();

/** The database of a `sqlite://FILE` URL. Broker and backend of one program share one connection. */
export async function openSqlite(url: string): Promise<SqliteFile> {
  const path = resolve(decodeURIComponent(url.replace(/^sqlite:(\/\/)?/, "")));
  const known = files.get(path);
  if (known !== undefined) {
    known.users++;
    return known.file;
  }
  const entry = { file: SqliteFile.open(path, () => release(path)), users: 1 };
  files.set(path, entry);
  entry.file.catch(() => files.delete(path));
  return entry.file;
}

function release(path: string): boolean {
  const entry = files.get(path);
  if (entry === undefined || --entry.users > 0) return false;
  files.delete(path);
  return true;
}

/**
 * One SQLite file that several processes work on. Writes asked for within one turn of the event loop are committed
 * together, which is five to ten times faster than one by one. A commit survives the death of any process; with the
 * power cut, the last moments may be lost (`synchronous=NORMAL`).
 */
export class SqliteFile {
  readonly path: string;
  readonly bells: Bells;
  readonly #db: DatabaseSync;
  readonly #release: () => boolean;
  readonly #statements = new Map<string, StatementSync>();
  #writes: Write[] = [];
  #scheduled = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #idle: (() => void) | undefined;

  private constructor(path: string, db: DatabaseSync, release: () => boolean) {
    this.path = path;
    this.#db = db;
    this.#release = release;
    this.bells = new Bells(this);
  }

  static async open(path: string, release: () => boolean): Promise<SqliteFile> {
    const { DatabaseSync: Database } = await import("node:sqlite").catch((cause: unknown) => {
      throw new UnsupportedError("sqlite:// needs Node 22.13 or newer, which brings node:sqlite", { cause });
    });
    try {
      const db = new Database(path);
      db.exec(
        `PRAGMA busy_timeout = ${OPEN_BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`,
      );
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA}; COMMIT; PRAGMA busy_timeout = 0`);
      return new SqliteFile(path, db, release);
    } catch (cause) {
      throw new OperationalError(`The SQLite file ${path} cannot be opened: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** Runs `work` inside the next transaction. With `ring`, whoever waits for that kind of news is woken after it. */
  write<T>(work: () => T, ring?: BellKind): Promise<T> {
    if (this.#closed) return Promise.reject(new OperationalError(`The SQLite file ${this.path} is closed`));
    return new Promise<T>((done, reject) => {
      this.#writes.push({ work, ring, resolve: done as (value: unknown) => void, reject });
      this.#schedule();
    });
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  /** Changes whenever another connection has committed. */
  dataVersion(): number {
    return Number(this.get("PRAGMA data_version")!["data_version"]);
  }

  /** Fails what waits to be written, because another process does not let go of the file. */
  giveUp(): void {
    clearTimeout(this.#retry);
    this.#scheduled = false;
    this.#fail(new OperationalError(`The SQLite file ${this.path} stayed locked by another process`));
  }

  /** Ends this user's part; the last one closes the file. */
  async close(): Promise<void> {
    while (this.#writes.length > 0) await new Promise<void>((done) => (this.#idle = done));
    if (!this.#release() || this.#closed) return;
    await this.bells.close();
    this.#closed = true;
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    this.#scheduled = false;
    if (this.#writes.length === 0) return;
    try {
      if (!this.#begin()) {
        this.#scheduled = true;
        this.#retry = setTimeout(() => this.#commit(), Math.random() * BUSY_PAUSE_MS);
        return;
      }
    } catch (cause) {
      const { message } = cause as Error;
      this.#fail(new OperationalError(`The SQLite file ${this.path} takes no writes: ${message}`, { cause }));
      return;
    }
    const writes = this.#writes;
    this.#writes = [];
    const results = this.#runAll(writes);
    writes.forEach((write, i) => {
      const result = results[i]!;
      if (result.ok) write.resolve(result.value);
      else write.reject(result.error);
    });
    for (const kind of new Set(writes.map((write) => write.ring)))
      if (kind !== undefined) this.bells.ring(kind);
    if (this.#writes.length === 0) this.#idle?.();
  }

  #fail(error: OperationalError): void {
    const writes = this.#writes;
    this.#writes = [];
    for (const write of writes) write.reject(error);
    this.#idle?.();
  }

  /** False where another process writes at present. */
  #begin(): boolean {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      return true;
    } catch (error) {
      if (/locked|busy/i.test(String(error))) return false;
      throw error;
    }
  }

  /** A write is a statement or two that either fail as a whole or not at all, so a failed one spoils no other. */
  #runAll(writes: readonly Write[]): Result[] {
    const results = writes.map(({ work }): Result => {
      try {
        return { ok: true, value: work() };
      } catch (error) {
        return { ok: false, error };
      }
    });
    try {
      this.#db.exec("COMMIT");
      return results;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      return writes.map(() => ({ ok: false, error }));
    }
  }
}

type Result =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };
