import "../support/leaks.ts";
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openSqlite } from "../../src/celery/sqlite/file.ts";
import { scratchFile } from "./support/stores.ts";

/** Another process that does not let go of the file. */

const INSERT = "INSERT INTO bells VALUES ('nobody', 0)";
const timers = (): number => process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a write waits for another process, and is given up on demand with nothing left behind", async () => {
  const { path, dispose } = scratchFile("locked.db");
  const file = await openSqlite(`sqlite://${path}`);
  const other = new DatabaseSync(path);
  try {
    const before = timers();
    other.exec("BEGIN IMMEDIATE");
    const first = file.write(() => file.run(INSERT));
    await turn();
    assert.equal(timers(), before + 1, "it tries again");
    file.giveUp();
    await assert.rejects(first, { code: "OPERATIONAL", message: /stayed locked/ });
    assert.equal(timers(), before);
    const second = file.write(() => file.run(INSERT));
    await turn();
    other.exec("COMMIT");
    assert.equal(await second, 1, "it is written once the other has let go");
  } finally {
    other.close();
    await file.close();
    dispose();
  }
});

test("a write that cannot begin fails, and the program goes on", async () => {
  const { path, dispose } = scratchFile("nested.db");
  const file = await openSqlite(`sqlite://${path}`);
  try {
    // A transaction inside another one is what SQLite refuses for other reasons than a lock.
    file.run("BEGIN");
    await assert.rejects(
      file.write(() => file.run(INSERT)),
      { code: "OPERATIONAL", message: /takes no writes: cannot start a transaction/ },
    );
    file.run("ROLLBACK");
    assert.equal(await file.write(() => file.run(INSERT)), 1);
  } finally {
    await file.close();
    dispose();
  }
});
