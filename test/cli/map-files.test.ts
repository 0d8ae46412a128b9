import "../support/leaks.ts";
import assert from "node:assert/strict";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isPoisoned, words } from "../programs/map/words.ts";
import { ended, pressCtrlC, records, spool, startSpool } from "./spool.ts";

const program = `${join(import.meta.dirname, "../programs/map/words.ts")}#words`;
const FILES = 10_000;
const SLICE = 3_000;

let home = "";
const paths: string[] = [];

/** Ten thousand real files of real text: slices of the sources that npm installed. */
before(() => {
  home = mkdtempSync(join(tmpdir(), "spool-map-"));
  const sources = globSync("node_modules/**/*.{d.ts,js,mjs}").filter((path) => {
    const found = statSync(path);
    return found.isFile() && found.size > SLICE;
  });
  for (let i = 0; paths.length < FILES; i = (i + 1) % sources.length) {
    const text = readFileSync(sources[i]!, "utf8");
    for (let at = 0; at + SLICE <= text.length && paths.length < FILES && at < 20 * SLICE; at += SLICE) {
      const path = join(home, `part-${String(paths.length).padStart(5, "0")}.txt`);
      writeFileSync(path, text.slice(at, at + SLICE));
      paths.push(path);
    }
  }
});
after(() => rmSync(home, { recursive: true, force: true }));

const callsIn = (log: string): string[] => readFileSync(log, "utf8").split("\n").filter(Boolean);

/** Resolves once the file has grown beyond `bytes`. */
function grownBeyond(file: string, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(home, () => {
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < bytes) return;
      watcher.close();
      resolve();
    });
  });
}

test("10,000 files, 1 % of them failing, stopped by Ctrl-C and resumed: every file is run exactly once", async () => {
  const out = join(home, "out.ndjson");
  const log = join(home, "calls.log");
  const env = { CALL_LOG: log };
  const input = paths.join("\n");
  const args = ["map", program, "--stdin", "--out", out];

  const first = startSpool([...args, "--processes", "2"], { input, env });
  const firstEnd = ended(first);
  await grownBeyond(out, 200_000);
  pressCtrlC(first);
  const stopped = await firstEnd;
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /interrupted, the same command with --resume goes on from here/);
  assert.equal(stopped.stdout, "");
  const kept = records(readFileSync(out, "utf8"));
  assert.ok(kept.length > 500 && kept.length < FILES, `${kept.length} were done when it stopped`);
  assert.deepEqual(callsIn(log).sort(), kept.map((r) => r.input).sort(), "what was called is what was kept");

  const resumed = await spool([...args, "--resume", "--threads", "2"], { input, env });
  assert.equal(resumed.code, 1, resumed.stderr);
  assert.match(resumed.stderr, new RegExp(`${kept.length} skipped \\(done before\\)`));
  const all = records(readFileSync(out, "utf8"));
  assert.deepEqual(all.map((r) => r.input).sort(), paths, "one line per file");
  assert.deepEqual(callsIn(log).sort(), paths, "no file was run twice");
  for (const record of all) {
    const path = record.input as string;
    assert.equal(path, paths[record.index], "the index is the input's position, also after a resume");
    assert.equal(record.ok, !isPoisoned(path));
    if (record.ok) assert.deepEqual(record["result"], words(path));
    else assert.equal(record["error"].name, "RangeError");
  }

  const again = await spool([...args, "--resume"], { input, env });
  assert.equal(again.code, 1, "the failures of the earlier runs still count");
  assert.equal(callsIn(log).length, FILES, "nothing was left to do");

  const healed = await spool([...args, "--resume", "--retry-failed"], {
    input,
    env: { ...env, HEALED: "1" },
  });
  assert.equal(healed.code, 0, healed.stderr);
  const retried = callsIn(log).slice(FILES);
  assert.deepEqual(retried.sort(), paths.filter(isPoisoned), "only the failed ones were run again");
});

test("errors are listed at the end, a screenful of them, with the sum", async () => {
  const { code, stdout, stderr } = await spool(["map", program, "--stdin"], {
    input: paths.slice(0, 3_000).join("\n"),
  });
  assert.equal(code, 1);
  assert.equal(records(stdout).length, 3_000);
  assert.match(stderr, /^30 failed:\n {2}\S+part-\d+\.txt: RangeError: cannot stand part-\d+\.txt\n/);
  assert.equal(stderr.match(/cannot stand/g)!.length, 20);
  assert.match(stderr, /\.\.\. and 10 more; all are in the output/);
  assert.match(stderr, /spool map: 2970 done, 30 failed in /);
});
