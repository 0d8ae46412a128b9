import "./support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

/**
 * The packed tarball in a project of its own, as a user has it: installed from the file, used from TypeScript that is
 * compiled and from TypeScript that Node runs as it is, and from the command line.
 */
const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
/** npm lies in PATH; Node is this one, also for scripts that begin with `#!/usr/bin/env node`. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };

const FIRST_FILE = `import { ThreadPoolExecutor, ProcessPoolExecutor } from "spool";

const factor: number = 3;
for (const Pool of [ThreadPoolExecutor, ProcessPoolExecutor]) {
  await using pool = new Pool({ maxWorkers: 2 });
  for await (const y of pool.map((x) => x * factor, [1, 2, 3])) console.log(y);
}
`;
const PRINTED = "3\n6\n9\n3\n6\n9\n";

let home = "";

before(async () => {
  home = mkdtempSync(join(tmpdir(), "spool-package-"));
  const copy = join(home, "source");
  // Built apart from the working tree, whose dist/ belongs to whoever builds there at the moment.
  mkdirSync(copy);
  const tracked = await run(
    "git",
    ["ls-files", "-z", "src", "scripts", "docs", "package.json", "CHANGELOG.md"],
    {
      cwd: root,
    },
  );
  for (const path of tracked.stdout.split("\0").filter(Boolean)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), readFileSync(join(root, path)));
  }
  for (const path of ["README.md", "LICENSE", "tsconfig.json", "tsconfig.build.json"])
    writeFileSync(join(copy, path), readFileSync(join(root, path)));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  await run("npm", ["run", "build"], { cwd: copy, env });
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", home], { cwd: copy, env });
  const manifest = { name: "scratch", private: true, type: "module", version: "1.0.0" };
  const project = join(home, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(project, "first.ts"), FIRST_FILE);
  const tarball = join(home, "spool-0.1.0.tgz");
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--omit=peer"];
  await run("npm", ["install", ...quiet, tarball], { cwd: project, env });
});
after(() => rmSync(home, { recursive: true, force: true }));

/** Node 22 does not know the syntax; there it takes a compiler. */
const skip = Number(process.versions.node.split(".")[0]) < 24 && "`await using` needs Node 24";

test("the first file runs as .ts, as it is", { skip }, async () => {
  const { stdout, stderr } = await run(process.execPath, ["first.ts"], { cwd: join(home, "project"), env });
  assert.deepEqual([stdout, stderr], [PRINTED, ""]);
});

test("the first file type-checks against the package, compiles, and runs", async () => {
  const project = join(home, "project");
  const compilerOptions = {
    module: "nodenext",
    target: "es2024",
    lib: ["es2024", "esnext"],
    strict: true,
    outDir: "out",
    rootDir: ".",
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["first.ts"] }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", "."], { cwd: project, env });
  const { stdout } = await run(process.execPath, ["out/first.js"], { cwd: project, env });
  assert.equal(stdout, PRINTED);
});

test("the command works from the installed package", async () => {
  const project = join(home, "project");
  writeFileSync(join(project, "double.ts"), "export const double = (x: number): number => 2 * x;\n");
  const spool = join(project, "node_modules/.bin/spool");
  const { stdout } = await run(spool, ["map", "double.ts", "1", "2", "--json-inputs", "--ordered"], {
    cwd: project,
    env,
  });
  assert.deepEqual(
    stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { result: number }).result),
    [2, 4],
  );
});

test("every entry of the exports map can be imported without any optional peer", async () => {
  const project = join(home, "project");
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object };
  const entries = Object.keys(exports)
    .filter((entry) => entry !== "./package.json")
    .map((entry) => entry.replace(/^\./, "spool"));
  const script = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join("\n");
  const { stdout } = await run(
    process.execPath,
    ["--input-type=module", "-e", `${script} console.log("all")`],
    {
      cwd: project,
      env,
    },
  );
  assert.equal(stdout, "all\n");
});

/** What a task imports must be what its worker runs on: the same state, the same classes. */
const ONE_OF_EACH = `import { ProcessPoolExecutor, SpoolError, ThreadPoolExecutor, TimeoutError } from "spool";
import { taskSignal } from "spool/futures";
import { RLock } from "spool/multiprocessing";
import * as sync from "spool/sync";
import { Lock } from "spool/threading";

const seen = () => (globalThis.signals ??= new Set()).add(taskSignal()).size;
const fail = () => { throw new TimeoutError("late"); };
const look = (lock) => lock instanceof Lock && lock instanceof sync.Lock;
for (const Pool of [ThreadPoolExecutor, ProcessPoolExecutor]) {
  const pool = new Pool({ maxWorkers: 1 });
  // Without koffi processes share no lock.
  const locks = Pool === ThreadPoolExecutor ? [new Lock()] : [];
  const error = await pool.submit(fail).exception();
  console.log(
    [await pool.submit(seen), await pool.submit(seen)].join(),
    ...(await Promise.all(locks.map((lock) => pool.submit(look, lock)))),
    error instanceof TimeoutError && error instanceof SpoolError,
    [Lock, RLock, sync.Lock, Pool].map((it) => it.name).join(),
  );
  await pool.shutdown();
}
`;

test("a task and its worker have every module of the package only once", async () => {
  const project = join(home, "project");
  writeFileSync(join(project, "one.mjs"), ONE_OF_EACH);
  const { stdout } = await run(process.execPath, ["one.mjs"], { cwd: project, env });
  assert.deepEqual(stdout.trim().split("\n"), [
    "1,2 true true Lock,RLock,Lock,ThreadPoolExecutor",
    "1,2 true Lock,RLock,Lock,ProcessPoolExecutor",
  ]);
});
