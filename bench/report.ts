import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quote } from "./support/markdown.ts";
import { readResults } from "./support/results.ts";

/**
 * Writes the figures of bench/results into the documents that quote them: between `<!-- bench: REFERENCE -->` and
 * `<!-- /bench -->`, on lines of their own or within one. `--check` writes nothing and fails where a document differs.
 */
const QUOTE = /(<!-- bench: (.+?) -->)[^]*?(<!-- \/bench -->)/g;
const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
let stale = 0;
for (const name of globSync(["*.md", "docs/**/*.md"], { cwd: root }).sort()) {
  const path = join(root, name);
  const text = readFileSync(path, "utf8");
  const fresh = text.replace(
    QUOTE,
    (_, open: string, reference: string, close: string) => open + quote(reference, readResults) + close,
  );
  if (fresh === text) continue;
  stale++;
  if (!check) writeFileSync(path, fresh);
  console.log(`${check ? "out of date" : "brought up to date"}: ${name}`);
}
if (check && stale > 0) {
  console.log("node bench/report.ts brings them up to date");
  process.exit(1);
}
