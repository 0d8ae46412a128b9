/** What one consumer holds in a SQLite file. */
export interface SqliteHolding {
  readonly kind: "sqlite";
  readonly path: string;
  readonly holder: string;
}

export const RENEW = "UPDATE messages SET lease_until = ? WHERE holder = ?";

/** Renews all of it, on a connection that lasts as long as that takes. */
export async function renewSqlite({ path, holder }: SqliteHolding, leaseSeconds: number): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${Math.round((leaseSeconds * 1000) / 6)}`);
    db.prepare(RENEW).run(Date.now() + leaseSeconds * 1000, holder);
  } finally {
    db.close();
  }
}
