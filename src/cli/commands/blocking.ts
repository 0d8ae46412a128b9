import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../core/index.ts";
import { type BlockingSite, findBlockingCalls } from "../../gevent/index.ts";
import { parseCommand } from "../args.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "list the blocking calls in source files, with what to use instead",
  help: `usage: spool blocking PATH... [OPTIONS]

Lists the known blocking calls (readFileSync, execSync, pbkdf2Sync, Atomics.wait...) inside functions of JavaScript and
TypeScript files. It never changes a file. For the calls that a running program really makes, use monkey.patchAll().

  -a, --all     also calls at the top level of modules, which only delay the start
  -j, --json    machine-readable output
      --check   exit with 1 if there are any

example: spool blocking src`,
  run(args) {
    const { values, positionals } = parseCommand(args, {
      all: { type: "boolean", short: "a" },
      json: { type: "boolean", short: "j" },
      check: { type: "boolean" },
    });
    if (positionals.length === 0) throw new UsageError("give files or folders");
    const sites = positionals.flatMap(sourceFiles).flatMap(sitesIn);
    const shown = values.all === true ? sites : sites.filter((site) => site.inFunction !== "");
    process.stdout.write(values.json === true ? `${JSON.stringify(shown, null, 2)}\n` : table(shown));
    return Promise.resolve(values.check === true && shown.length > 0 ? 1 : 0);
  },
};

function sourceFiles(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`there is no file or folder "${path}"`);
  if (!stats.isDirectory()) return [path];
  return globSync("**/*.{js,mjs,cjs,ts,mts,cts}", {
    cwd: path,
    exclude: (name) => name === "node_modules" || name === "dist",
  })
    .filter((file) => !file.endsWith(".d.ts"))
    .sort()
    .map((file) => join(path, file));
}

/** A file that cannot be parsed is said, and does not keep the others from being listed. */
function sitesIn(file: string): BlockingSite[] {
  try {
    return findBlockingCalls(readFileSync(file, "utf8"), file);
  } catch (error) {
    process.stderr.write(`spool blocking: ${file}: ${(error as Error).message}\n`);
    return [];
  }
}

function table(sites: readonly BlockingSite[]): string {
  if (sites.length === 0) return "no blocking calls\n";
  const rows = sites.map((site) => [
    `${site.file}:${site.line}:${site.column}`,
    site.call,
    `${site.inAsync ? "async " : ""}${site.inFunction || "top level"}`,
    site.instead,
  ]);
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  return `${rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")}\n`;
}
