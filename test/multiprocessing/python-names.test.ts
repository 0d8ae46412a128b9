import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

/** The table of docs/python-to-spool.md: each name it claims exists, and it leaves no name of Python's out. */
interface Row {
  readonly module: string;
  readonly entry: string;
  readonly python: string;
  readonly ours: string;
  readonly note: string;
}

const text = readFileSync(new URL("../../docs/python-to-spool.md", import.meta.url), "utf8");
const rows: Row[] = text
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const [, module, entry] = /^`([\w.]+)`: `([\w/]+)`/.exec(section)!;
    return [...section.matchAll(/^\| `([^`]+)` \| (?:`([^`]+)`|—) \| (.*) \|$/gm)].map((match) => ({
      module: module!,
      entry: entry!,
      python: match[1]!,
      ours: match[2] ?? "",
      note: match[3]!,
    }));
  });

/** Members that exist on instances only. */
const INSTANCE: Record<string, string[]> = {
  Thread: ["name"],
  SharedMemory: ["name"],
  ShareableList: ["shm", "length"],
  Queue: [],
};

describe("the table of Python's names", () => {
  assert.ok(rows.length > 150);
  for (const { module, entry, python, ours, note } of rows) {
    test(`${module}: ${python} -> ${ours || "none"}`, async () => {
      if (ours === "") return assert.notEqual(note, "", "a name that is missing needs its reason");
      const [name, member] = ours.split(".") as [string, string | undefined];
      const exported = ((await import(entry)) as Record<string, any>)[name];
      assert.notEqual(exported, undefined, `${entry} has no ${name}`);
      if (member === undefined || INSTANCE[name]?.includes(member)) return;
      assert.ok(member in exported.prototype, `${name} has no ${member}`);
    });
  }

  const version = spawnSync("python3", ["--version"]);
  test(
    "no name of the installed Python is missing",
    { skip: version.status !== 0 && "python3 is not installed" },
    () => {
      // What a module declares public, and what else it makes itself; not what it imports from elsewhere.
      const program = `
import importlib, sys, types
for m in sys.argv[1:]:
  module = importlib.import_module(m)
  public = set(getattr(module, "__all__", []))
  for n in dir(module):
    value = getattr(module, n)
    home = getattr(value, "__module__", None)
    own = not n.startswith("_") and not isinstance(value, types.ModuleType) and (home is None or home == m)
    if n in public or own: print(m, n)`;
      const modules = [...new Set(rows.map((row) => row.module))];
      const { stdout } = spawnSync("python3", ["-c", program, ...modules], { encoding: "utf8" });
      const known = new Set(rows.map((row) => `${row.module} ${row.python}`));
      assert.deepEqual(
        stdout
          .trim()
          .split("\n")
          .filter((line) => !known.has(line)),
        [],
      );
      assert.ok(stdout.includes("multiprocessing.managers DictProxy"));
    },
  );
});
