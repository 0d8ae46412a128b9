import { StateFile } from "./state-file.ts";

/** Celery's own limits: ids kept, and for how long. */
const MOST = 50_000;
const LIFETIME_MS = 3 * 3600 * 1000;

/** Ids (and stamps) that are not to be run. Python: `celery.worker.state.revoked`. */
export class Revoked {
  readonly #ids = new Map<string, number>();
  readonly #stamps = new Map<string, Set<string>>();
  readonly #file: StateFile | undefined;

  /** With a path, what was revoked before is read from there, and every change is written there. */
  constructor(path?: string) {
    if (path === undefined) return;
    const { revoked, stamps } = StateFile.read(path);
    for (const [id, when] of Object.entries(revoked)) this.#ids.set(id, when);
    for (const [name, values] of Object.entries(stamps)) this.#stamps.set(name, new Set(values));
    this.#trim();
    this.#file = new StateFile(path, () => ({
      revoked: Object.fromEntries(this.#ids),
      stamps: Object.fromEntries([...this.#stamps].map(([name, values]) => [name, [...values]])),
    }));
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.set(id, Date.now());
    this.#trim();
    this.#file?.changed();
  }

  addStamp(name: string, values: readonly unknown[]): void {
    const set = this.#stamps.get(name) ?? new Set();
    for (const value of values) set.add(String(value));
    this.#stamps.set(name, set);
    this.#file?.changed();
  }

  has(id: string, stamps: Readonly<Record<string, unknown>>): boolean {
    if (this.#ids.has(id)) return true;
    if (this.#stamps.size === 0) return false;
    for (const [name, values] of this.#stamps) {
      const own = stamps[name];
      const list: readonly unknown[] = Array.isArray(own) ? own : [own];
      if (own !== undefined && list.some((value) => values.has(String(value)))) return true;
    }
    return false;
  }

  ids(): string[] {
    return [...this.#ids.keys()];
  }

  /** Resolves when everything is on record. */
  async close(): Promise<void> {
    await this.#file?.close();
  }

  #trim(): void {
    const oldest = Date.now() - LIFETIME_MS;
    for (const [id, when] of this.#ids) {
      if (this.#ids.size <= MOST && when > oldest) return;
      this.#ids.delete(id);
    }
  }
}
