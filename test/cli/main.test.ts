import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

function spool(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=spool-source", main, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test("spool help lists every command with a summary", async () => {
  const { code, stdout } = await spool("help");
  assert.equal(code, 0);
  assert.match(stdout, /version +print the version/);
});

test("an unknown command ends with exit code 2 and one line that names the way out", async () => {
  assert.deepEqual(await spool("spindle"), {
    code: 2,
    stdout: "",
    stderr: 'spool: there is no command "spindle"; `spool help` lists them\n',
  });
});
