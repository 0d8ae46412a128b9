import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Carrier, processCarrier, threadCarrier } from "./fixtures/carriers.ts";
import { Vec, counter, count } from "./fixtures/library.ts";

const programs = join(import.meta.dirname, "programs");

async function runProgram(
  file: string,
  options: { flags?: string[]; env?: Record<string, string> } = {},
): Promise<string> {
  const env = { ...process.env, ...options.env };
  delete env["NODE_TEST_CONTEXT"];
  const flags = ["-C", "spool-source", "--no-warnings", ...(options.flags ?? [])];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file], { env, timeout: 60_000 });
  return stdout;
}

async function withFolder<T>(fn: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "spool-closures-"));
  try {
    return await fn(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const factor = 3;

test("exports of the program's own file that a function assigns are seen by another", async () => {
  assert.equal(await runProgram(join(programs, "own-exports.cjs")), "1 0\n");
});

for (const carry of [threadCarrier, processCarrier]) {
  test(`a shipped function ships on to a worker of its own, by ${carry.name}`, async () => {
    const carrier: Carrier = carry();
    class Local {
      k: number = 2;
      async run(inner: Carrier): Promise<unknown> {
        return await inner.run((x: number) => x * this.k, [21]);
      }
    }
    const nested = async (): Promise<unknown[]> => {
      const { threadCarrier: open } = await import("./fixtures/carriers.ts");
      const inner = open();
      try {
        const before = counter;
        count();
        return [
          await inner.run((x: number) => x * factor, [2]),
          await inner.run(() => new Vec(3, 4).length()),
          await inner.run((v: Vec) => v instanceof Vec, [new Vec(0, 0)]),
          await new Local().run(inner),
          ((await inner.run(() => new Local())) as Local) instanceof Local,
          (await inner.run(() => import.meta.url)) === import.meta.url,
          await inner.run(() => counter - before + 1),
        ];
      } finally {
        await inner.close();
      }
    };
    try {
      assert.deepEqual(await carrier.run(nested), [6, 5, true, 42, true, true, 1]);
    } finally {
      await carrier.close();
    }
  });
}

test("under the permission model references and self-contained functions work, closures fail with one clear message", async () => {
  const out = await runProgram(join(programs, "permission.ts"), {
    flags: ["--permission", "--allow-fs-read=*", "--allow-worker"],
  });
  const [first, language, second, ...message] = out.split("\n");
  assert.equal(first, "ref 42");
  assert.equal(language, "language 7");
  assert.equal(second, "true CAPTURE_INSPECTOR");
  assert.match(message.join("\n"), /inspector is not available.*ref\(import\.meta\.url/);
});

test("a capture loads Node's HTTP client only when it meets a class of it", async () => {
  assert.equal(await runProgram(join(programs, "light.ts")), "plain false\nfetch true true\n");
});

test("coverage counts what the other side runs at its true place", async () => {
  await withFolder(async (folder) => {
    const file = join(programs, "coverage.ts");
    assert.equal(await runProgram(file, { env: { NODE_V8_COVERAGE: folder } }), "2,3\n");
    const source = stripTypeScriptTypes(readFileSync(file, "utf8"));
    const start = source.search(/\(xs\s*\) =>/);
    assert.ok(start > 0, source);
    const never = source.indexOf("{", source.indexOf("xs.length > 100"));
    const ranges = readdirSync(folder)
      .flatMap((name) => coverageOf(join(folder, name)))
      .filter(({ url }) => url === pathToFileURL(file).href)
      .flatMap(({ functions }) => functions.flatMap((f) => f.ranges));
    const counts = (at: number): number[] => ranges.filter((r) => r.startOffset === at).map((r) => r.count);
    assert.ok(counts(start).includes(1), `the function at ${start}: ${JSON.stringify(ranges)}`);
    assert.ok(
      counts(never).every((count) => count === 0) && counts(never).length > 0,
      "the branch not taken",
    );
  });
});

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly { startOffset: number; count: number }[] }[];
}

function coverageOf(file: string): ScriptCoverage[] {
  return (JSON.parse(readFileSync(file, "utf8")) as { result: ScriptCoverage[] }).result;
}

test("a module that the worker cannot import travels by value at the second try", async () => {
  const out = await runProgram(join(programs, "by-value.ts"));
  assert.deepEqual(out.trim().split("\n"), ["IMPORT_FAILED true", "true true", '[101,2,"a/b","call 1"]']);
});

test("functions of a script too large to parse whole", async () => {
  await withFolder(async (folder) => {
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const filler = Array.from({ length: 12_000 }, (_, i) => `function filler${i}(x) { return x + ${i}; }`);
    writeFileSync(
      join(folder, "bundle.mjs"),
      `import { threadCarrier } from ${url("./fixtures/carriers.ts")};
import { basename as base } from "node:path";
import * as library from ${url("./fixtures/library.ts")};
${filler.join("\n")}
const factor = 3;
class Shape { constructor(n) { this.n = n } area() { return this.n * factor } }
const method = { scaled(x) { return x * factor } };
const carrier = threadCarrier();
console.log(JSON.stringify([
  await carrier.run((x) => x * factor, [2]),
  await carrier.run((s) => [new Shape(4).area(), s instanceof Shape, base("/a/b")], [new Shape(1)]),
  await carrier.run(() => library.double(4)),
  await carrier.run(method.scaled, [5]),
  await carrier.run(() => filler11999(1)),
]));
await carrier.close();
`,
    );
    assert.equal(await runProgram(join(folder, "bundle.mjs")), '[6,[12,true,"b"],8,15,12000]\n');
  });
});
