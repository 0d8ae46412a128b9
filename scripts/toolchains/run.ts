import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { coverageProblem } from "./coverage.ts";
import { type Result, judge, writeTable } from "./report.ts";
import { ROWS, type Row } from "./rows.ts";

/**
 * `npm run test:toolchains [-- part of a row's name ...]`: packs this package, installs it beside every toolchain in
 * .cache/toolchains, runs the same cases under each and prints what comes out. Once there is a result of every row for
 * one and the same package, in one run or in several, docs/toolchains.md is written.
 */
const home = resolve(".cache/toolchains");
const cases = join(import.meta.dirname, "cases");
const SECONDS_PER_ROW = 240;
/** A row's result, beside its files. */
const KEPT = "result.json";

const packed = await install();
const wanted = process.argv.slice(2).filter((arg) => arg !== "--");
const rows = ROWS.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const results: Result[] = [];
for (const row of rows) {
  const result = await runRow(row);
  results.push(result);
  keep(result);
  console.log(`${result.ok ? "ok  " : "MISS"}  ${row.name}: ${result.summary}`);
  for (const [reason, misses] of Map.groupBy(result.misses, (miss) => miss.reason))
    console.log(`        ${misses.map((miss) => miss.name).join(", ")}\n          ${reason.slice(0, 1500)}`);
}
const all = ROWS.map(keptResult);
if (all.every((result) => result !== undefined)) writeTable(all, versions());
process.exit(results.every((result) => result.ok) ? 0 : 1);

/** The digest of the code that was installed. */
async function install(): Promise<string> {
  mkdirSync(home, { recursive: true });
  const [wish, manifest] = [join(import.meta.dirname, "package.json"), join(home, "package.json")];
  if (!existsSync(manifest) || readFileSync(manifest, "utf8") !== readFileSync(wish, "utf8")) {
    cpSync(wish, manifest);
    await must("npm install --no-audit --no-fund --ignore-scripts", home);
    // Puts Bun's binary, which came as a package, in its place.
    await must("node install.js", join(home, "node_modules", "bun"));
  }
  await must("npm run build && npm pack --pack-destination .cache/toolchains", resolve("."));
  const tarball = readdirSync(home).find((name) => /^spool-.*\.tgz$/.test(name))!;
  const target = join(home, "node_modules", "spool");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await must(`tar -xzf ${tarball} -C node_modules/spool --strip-components=1`, home);
  const digest = createHash("sha256");
  for (const file of globSync("dist/**/*.js", { cwd: target }).sort())
    digest.update(readFileSync(join(target, file)));
  return digest.digest("hex");
}

function keep(result: Result): void {
  writeFileSync(join(folderOf(result.row), KEPT), JSON.stringify({ packed, result }));
}

function keptResult(row: Row): Result | undefined {
  const file = join(folderOf(row), KEPT);
  if (!existsSync(file)) return undefined;
  const kept = JSON.parse(readFileSync(file, "utf8")) as { packed: string; result: Result };
  return kept.packed === packed ? { ...kept.result, row } : undefined;
}

function folderOf(row: Row): string {
  return join(home, row.name.replace(/[^\w.]+/g, "-"));
}

async function runRow(row: Row): Promise<Result> {
  const folder = folderOf(row);
  layOut(row, folder);
  const env = {
    CASES_SOURCE: join(folder, "cases.ts"),
    CASES_OUTPUT: join(folder, "cases.json"),
    NODE_OPTIONS: "--no-warnings",
  };
  let output = "";
  for (const command of row.commands) {
    const { code, text } = await sh(command, folder, env);
    output = text;
    if (code !== 0 && command !== row.commands.at(-1)) break;
  }
  const report = reportOf(output, env.CASES_OUTPUT);
  const problem = row.after === undefined ? null : coverageProblem(row.after, folder);
  return judge(row, report, output, problem);
}

function layOut(row: Row, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: row.format }));
  for (const [name, text] of Object.entries(row.files ?? {})) writeFileSync(join(folder, name), text);
  const here =
    row.tasksUrl ??
    (row.format === "module"
      ? 'new URL("./tasks.ts", import.meta.url).href'
      : 'require("node:url").pathToFileURL(require.resolve("./tasks.ts")).href');
  for (const name of readdirSync(cases)) {
    const text = readFileSync(join(cases, name), "utf8")
      .replace(/(["'])(\.\/\w+)\.ts\1/g, `$1$2${row.extension}$1`)
      .replace(
        "declare const TASKS_URL: string;",
        `declare const require: any; const TASKS_URL: string = ${here.replace(/\.ts"/, `${row.extension}"`)};`,
      );
    writeFileSync(join(folder, name), text);
  }
}

function reportOf(output: string, file: string): unknown {
  const line = output.split("\n").find((text) => text.startsWith("CASES "));
  if (line !== undefined) return JSON.parse(line.slice("CASES ".length));
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

function versions(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return { node: process.version, ...dependencies };
}

async function must(command: string, cwd: string): Promise<void> {
  const { code, text } = await sh(command, cwd, {});
  if (code !== 0) throw new Error(`${command} failed:\n${text}`);
}

function sh(
  command: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number; text: string }> {
  const PATH = [join(home, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
  const child = spawn("sh", ["-c", command], { cwd, env: { ...process.env, ...env, PATH }, detached: true });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += String(data)));
  const timer = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), SECONDS_PER_ROW * 1000);
  return new Promise((done) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ code: code ?? 1, text });
    });
  });
}
