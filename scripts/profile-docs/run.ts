import { replaceBlock } from "./blocks.ts";
import { flamePictures } from "./pictures.ts";
import { topScreen } from "./screen.ts";
import { attachTable, costTables, truthTables } from "./tables.ts";

/**
 * `node -C spool-source scripts/profile-docs/run.ts [tables] [screen] [pictures]`: writes what docs/profile.md shows of
 * the profilers: tables from bench/results/, the screen of `spool top` from a terminal, flame graphs from a browser.
 */
const PAGE = "docs/profile.md";
const PARTS: Readonly<Record<string, () => Promise<void> | void>> = {
  tables() {
    replaceBlock(PAGE, "attach", attachTable());
    replaceBlock(PAGE, "truth", truthTables());
    replaceBlock(PAGE, "costs", costTables());
  },
  async screen() {
    replaceBlock(PAGE, "screen", await topScreen());
  },
  async pictures() {
    for (const picture of await flamePictures()) console.log(picture);
  },
};

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`no part "${name}": ${Object.keys(PARTS).join(", ")}`);
  await part();
}
