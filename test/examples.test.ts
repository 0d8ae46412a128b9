import "./support/leaks.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const LONGEST_SECONDS = 120;
const HAS_USING = Number(process.versions.node.split(".")[0]) >= 24;

/**
 * Every numbered example runs, ends by itself with exit code 0, and prints what the comment at its end says
 * (`// Prints: ...`, one line each), where it says something.
 */
for (const path of globSync("examples/[0-9]*.ts", { cwd: root }).sort()) {
  test(basename(path), async (t) => {
    const source = readFileSync(join(root, path), "utf8");
    const needs = /^\/\/ Needs: (.*)$/m.exec(source)?.[1];
    if (needs !== undefined && process.env["CI"] === undefined && !(await isReachable(needs))) {
      t.skip(`needs ${needs}`);
      return;
    }
    if (source.includes("await using") && !HAS_USING) {
      t.skip("`await using` needs Node 24, or a compiler");
      return;
    }
    const { code, stdout, stderr } = await run(path);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    const promised = [...source.matchAll(/^\/\/ Prints: (.*)$/gm)].map((match) => match[1]!);
    const printed = stdout.split("\n");
    for (const line of promised) assert.ok(printed.includes(line), `"${line}" is not in:\n${stdout}`);
  });
}

function run(path: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const options = { cwd: root, timeout: LONGEST_SECONDS * 1000 };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--conditions=spool-source", path],
      options,
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** `host:port` of a service. */
async function isReachable(service: string): Promise<boolean> {
  const [host = "127.0.0.1", port = "0"] = service.split(":");
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}
