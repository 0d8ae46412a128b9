import "./support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

/** The examples that newcomers copy first: each must compile as it stands, and print what its comments say. */
const DOCUMENTS = ["README.md", "docs/executors.md", "docs/closures.md"];
/** They need a server of Redis, or take long. */
const ONLY_COMPILED = /"spool\/(celery|compare)"/;

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

interface Example {
  readonly name: string;
  readonly text: string;
  /** What stands behind `console.log(...); //`, up to the first colon. */
  readonly prints: readonly string[];
}

const examples: readonly Example[] = DOCUMENTS.flatMap((document) => {
  const blocks = [...readFileSync(join(root, document), "utf8").matchAll(/```ts\n(.*?)```/gs)];
  return blocks.map(([, text], i) => ({
    name: `${document.replace(/\W+/g, "-")}-${i + 1}`,
    text: text!,
    prints: [...text!.matchAll(/console\.log\(.*\); \/\/ ([^:\n]*)/g)].map((match) => match[1]!),
  }));
});

let scratch = "";
before(() => {
  // Inside the package, which finds itself by its own name.
  mkdirSync(join(root, ".cache"), { recursive: true });
  scratch = mkdtempSync(join(root, ".cache", "documents-"));
  for (const { name, text } of examples) writeFileSync(join(scratch, `${name}.ts`), text);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

test("examples in documents compile", async () => {
  assert.ok(examples.length >= 9, `only ${examples.length} examples`);
  const tsconfig = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { isolatedDeclarations: false, declaration: false },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify(tsconfig));
  await run(join(root, "node_modules/.bin/tsc"), ["-p", scratch]).catch((error: { stdout: string }) =>
    assert.fail(error.stdout),
  );
});

for (const { name, text, prints } of examples) {
  if (prints.length === 0 || ONLY_COMPILED.test(text)) continue;
  test(`an example prints what it says: ${name}`, async () => {
    const { stdout } = await run(process.execPath, ["-C", "spool-source", join(scratch, `${name}.ts`)], {
      timeout: 60_000,
    });
    for (const line of prints) for (const word of line.split(" ")) assert.ok(stdout.includes(word), stdout);
  });
}
