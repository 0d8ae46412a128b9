import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

/** The page that maps each line of the protocol to its tests names only tests that there are. */

const page = readFileSync(join(import.meta.dirname, "../../docs/celery-conformance.md"), "utf8");
const PROOF = /`(?<file>[a-z-]+)`(?<titles>(?: the same)?(?:,? "(?:[^"]+)")*)/g;

function titlesIn(file: string): string {
  return readFileSync(join(import.meta.dirname, `${file}.test.ts`), "utf8");
}

test("every test that the conformance page names exists", () => {
  const missing: string[] = [];
  let named = 0;
  for (const line of page.split("\n").filter((row) => /^\| \d+ \|/.test(row))) {
    const proofs = line.split("|").at(-2)!;
    for (const { groups } of proofs.matchAll(PROOF)) {
      const { file, titles } = groups as { file: string; titles: string };
      if (file === "unacked") continue;
      const source = titlesIn(file);
      for (const [, title] of titles.matchAll(/"([^"]+)"/g)) {
        named++;
        const short = title!.replace(/^redis: /, "");
        if (!source.includes(short) && !new RegExp(`^ {2}"?${short}"?:`, "m").test(source))
          missing.push(`${file}: ${title}`);
      }
    }
  }
  assert.deepEqual(missing, []);
  const lines = page.split("\n").filter((row) => /^\| \d+ \|/.test(row));
  assert.equal(lines.length, 26);
  assert.ok(named >= lines.length, `${named} tests for ${lines.length} lines`);
});
