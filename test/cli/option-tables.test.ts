import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { UsageError } from "../../src/core/index.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { completionScript } from "../../src/cli/completions.ts";

/** The tables that set another tool's options beside ours: what they promise, the command line has. */
const TABLES = [
  { tool: "py-spy", file: "docs/profile.md", under: [], first: "record" },
  { tool: "memray", file: "docs/memory-profiling.md", under: ["mem"], first: "run" },
] as const;

const PARTS: Record<string, readonly string[]> = {
  "py-spy": ["record", "top", "dump", "stalls", "ps", "completions"],
  memray: [
    "run",
    "attach",
    "live",
    "detach",
    "flamegraph",
    "table",
    "tree",
    "summary",
    "stats",
    "leaks",
  ].concat("temporal", "diff", "transform"),
};

interface Promised {
  readonly command: string;
  readonly option: string;
}

/** The options in our column of a table; where that says "the same", those of the other tool's. */
function promised(file: string, tool: string, first: string): Promised[] {
  const text = readFileSync(file, "utf8");
  const table = text.slice(text.search(new RegExp(`^\\| ${tool} +\\| spool`, "m"))).split("\n\n")[0]!;
  const rows = table.split("\n").slice(2);
  assert.ok(rows.length > 10, `${file} has the table of ${tool}'s options`);
  let inherited = first;
  return rows.flatMap((row) => {
    const [theirs = "", ours = ""] = row.split("|").slice(1);
    const { found: same, command } = optionsIn(theirs, tool, inherited);
    if (PARTS[tool]!.includes(command)) inherited = tool === "memray" ? command : first;
    const own = optionsIn(ours, tool, command).found;
    return /^\s*the same/.test(ours) ? [...same, ...own] : own;
  });
}

function optionsIn(cell: string, tool: string, before: string): { found: Promised[]; command: string } {
  let command = before;
  const found: Promised[] = [];
  for (const [, code] of cell.matchAll(/`([^`]+)`/g)) {
    // What stands after `--` is another program's.
    for (const [i, word] of code!
      .replace(/ -- .*/, "")
      .split(/[\s,]+/)
      .entries()) {
      if (i === 0 && PARTS[tool]!.includes(word)) command = word;
      else if (/^--?[a-zA-Z][\w-]*$/.test(word)) found.push({ command, option: word });
    }
  }
  return { found, command };
}

for (const { tool, file, under, first } of TABLES) {
  test(`every option that ${file} sets beside ${tool}'s is one`, async () => {
    const unknown: string[] = [];
    for (const { command, option } of promised(file, tool, first)) {
      const [name, ...rest] = [...under, command, option];
      const { run } = await commands[name!]!();
      // Nothing else is given, so a command that knows the option misses its value, or what it is to work on.
      const error = await run(rest).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof UsageError, `spool ${[name, ...rest].join(" ")}: ${String(error)}`);
      if (/there is no option/.test(error.message)) unknown.push(`spool ${[name, ...rest].join(" ")}`);
    }
    assert.deepEqual(unknown, []);
  });
}

test("completions know every command and its options", async () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = await completionScript(shell, commands);
    for (const name of Object.keys(commands)) assert.match(script, new RegExp(`\\b${name}\\b`));
    assert.match(script, /--tasks|-l tasks/);
  }
});
