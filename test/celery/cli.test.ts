import "../support/leaks.ts";
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { scratchFile } from "./support/stores.ts";

/** The command line: a worker in a process of its own on an SQLite file, and every other subcommand against it. */

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const appFile = join(import.meta.dirname, "support/pools-app.ts");
const { path, dispose } = scratchFile("cli.db");
const environment = { ...process.env, SPOOL_TEST_BROKER: `sqlite://${path}` };
const NODE = "cli@test";

function spool(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = ["--conditions=spool-source", "--no-warnings", main, "celery"];
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...args], { env: environment }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

let worker: ChildProcess;
before(async () => {
  const args = ["--conditions=spool-source", "--no-warnings", main, "celery", "worker", "-A", appFile];
  worker = spawn(process.execPath, [...args, "-c", "2", "-n", NODE, "-E", "-l", "info"], {
    env: environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(worker.stdout!, "data")) as [Buffer];
  assert.match(line.toString(), /cli@test ready.*pools\.add/);
});
after(async () => {
  if (worker.exitCode === null) {
    const exited = once(worker, "exit");
    worker.kill("SIGKILL");
    await exited;
  }
  dispose();
});

test("call sends a task; --wait prints its value, an error ends with code 1", async () => {
  const sum = await spool("call", "pools.add", "-A", appFile, "-a", "[1, 2]", "--wait", "-t", "20");
  assert.deepEqual([sum.code, sum.stdout], [0, "3\n"], sum.stderr);
  const named = await spool("call", "pools.add", "-A", appFile, "-k", '{"x": 1, "y": 3}', "--wait", "--json");
  assert.equal(named.stdout, "4\n", named.stderr);
  const failed = await spool("call", "pools.boom", "-A", appFile, "--wait", "-t", "20");
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /RangeError: boom/);
});

test("result prints state and value", async () => {
  const sent = (await spool("call", "pools.add", "-A", appFile, "-a", "[2, 2]")).stdout.trim();
  let state: { state: string; result: unknown };
  do state = JSON.parse((await spool("result", sent, "-A", appFile, "--json")).stdout) as typeof state;
  while (state.state !== "SUCCESS");
  assert.equal(state.result, 4);
});

test("inspect, control and status reach the worker", async () => {
  const ask = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await spool(...args, "-A", appFile, "-d", NODE, "-t", "10", "--json");
    assert.notEqual(stdout, "", stderr);
    return (JSON.parse(stdout) as { node: string; answer: unknown }).answer;
  };
  assert.deepEqual(await ask("inspect", "ping"), { ok: "pong" });
  assert.ok(((await ask("inspect", "registered")) as string[]).includes("pools.add"));
  assert.deepEqual(await ask("control", "rate_limit", "pools.add", "100/s"), {
    ok: "new rate limit set successfully",
  });
  const status = await spool("status", "-A", appFile, "-d", NODE, "-t", "10");
  assert.match(status.stdout, /cli@test: OK pong/);
});

test("mistakes are named with the way out", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["wrk"], /there is no subcommand "wrk": worker, beat/],
    [["worker", "--pol", "solo"], /did you mean --pool/],
    [["worker", "-A", "nowhere.ts"], /there is no file .*nowhere\.ts/],
    [["worker", "-A", appFile, "-c", "none"], /-c takes a whole number/],
    [["inspect", "pong", "-A", appFile], /inspect knows no "pong"/],
    [["purge", "-A", appFile], /say -f if that is meant/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await spool(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, message);
  }
});

test("control shutdown ends the worker", async () => {
  const exited = once(worker, "exit");
  await spool("control", "shutdown", "-A", appFile, "-d", NODE, "-t", "1");
  assert.deepEqual(await exited, [0, null]);
});
