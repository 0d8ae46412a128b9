import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { findBlockingCalls } from "spool/gevent";

const source = `import { readFileSync } from "node:fs";
import * as cp from "node:child_process";
const start: string = readFileSync("config", "utf8");
export async function handler(path: string): Promise<unknown> {
  const text = readFileSync(path);
  const sizes = [1].map((n) => fs.statSync(String(n)).size);
  return cp.execSync(String(text)), sizes;
}
const wait = () => Atomics.wait(flag, 0, 0);
readFile("fine");
`;

test("blocking calls are listed with place, function and cure; TypeScript too", () => {
  const sites = findBlockingCalls(source, "handler.ts");
  assert.deepEqual(
    sites.map((s) => [s.call, s.line, s.column, s.inFunction, s.inAsync]),
    [
      ["fs.readFileSync", 3, 23, "", false],
      ["fs.readFileSync", 5, 16, "handler", true],
      ["fs.statSync", 6, 32, "handler", false],
      ["child_process.execSync", 7, 10, "handler", true],
      ["Atomics.wait", 9, 20, "(anonymous)", false],
    ],
  );
  assert.match(sites[1]!.instead, /fs\.promises\.readFile/);
});

test("a text without any, and one that does not parse", () => {
  assert.deepEqual(findBlockingCalls("export const a = 1;", "a.js"), []);
  assert.throws(() => findBlockingCalls("const = 1", "a.js"), SyntaxError);
});
