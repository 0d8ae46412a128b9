import "./support/leaks.ts";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/**
 * The public names, frozen: a name that appears or goes is a decision, and this test asks for it to be made. To
 * accept a change: `UPDATE_EXPORTS=1 node -C spool-source --test test/exports.test.ts`, and look at the difference.
 */
const root = join(import.meta.dirname, "..");
const frozen = join(import.meta.dirname, "exports.json");

async function publicNames(): Promise<Record<string, string[]>> {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  const names: Record<string, string[]> = {};
  for (const entry of Object.keys(exports).sort()) {
    if (entry === "./package.json") continue;
    const specifier = entry.replace(/^\./, "spool");
    names[specifier] = Object.keys((await import(specifier)) as object).sort();
  }
  return names;
}

test("the public names of every entry are those in exports.json", async () => {
  const found = await publicNames();
  if (process.env["UPDATE_EXPORTS"] !== undefined)
    writeFileSync(frozen, `${JSON.stringify(found, null, 2)}\n`);
  assert.deepEqual(found, JSON.parse(readFileSync(frozen, "utf8")));
});

test("the root entry stays small: what most people need, not everything", async () => {
  const found = await publicNames();
  assert.ok(found["spool"]!.length <= 45, `${found["spool"]!.length} names`);
});
