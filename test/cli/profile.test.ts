import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startTarget } from "../support/target.ts";
import { footprint, settled } from "../profile/footprint.ts";
import { pressCtrlC, spool, startSpool, ended } from "./spool.ts";

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "spool-cli-"));
});
after(() => rmSync(directory, { recursive: true, force: true }));

/** Beyond the kernel's greatest PID. */
const NOBODY = String(2 ** 22 + 1);

for (const [args, told] of [
  [["record", NOBODY], /there is no process \d+.*`spool ps`/],
  [["record", "--external", NOBODY], /there is no process \d+.*`spool ps`/],
  [["top", NOBODY], /there is no process \d+.*`spool ps`/],
  [["dump", NOBODY], /there is no process \d+.*`spool ps`/],
  [["stalls", NOBODY], /there is no process \d+.*`spool ps`/],
  [["record", "SLEEP"], /process \d+ is sleep, not Node; `spool ps`/],
  [["record", "--external", "SLEEP"], /process \d+ is sleep, not Node; `spool ps`/],
  [["top", "SLEEP"], /process \d+ is sleep, not Node; `spool ps`/],
  [["dump", "SLEEP"], /process \d+ is sleep, not Node; `spool ps`/],
  [["stalls", "SLEEP"], /process \d+ is sleep, not Node; `spool ps`/],
  [["record", "--", "no-such-program"], /cannot run no-such-program/],
] as const) {
  test(`${args.join(" ")}: one line names the fix`, async () => {
    const sleeper = spawn("sleep", ["60"], { stdio: "ignore" });
    const exited = once(sleeper, "exit");
    try {
      const { code, stdout, stderr } = await spool(
        args.map((arg) => (arg === "SLEEP" ? String(sleeper.pid) : arg)),
      );
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, told);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    } finally {
      sleeper.kill();
      await exited;
    }
  });
}

test("ps lists Node processes and how each can be looked into", async () => {
  const target = await startTarget("idle");
  try {
    const { code, stdout } = await spool(["ps"]);
    assert.equal(code, 0);
    assert.match(stdout, /^ +PID +NODE +CPU +RSS +THREADS +ATTACH +COMMAND/);
    const row = new RegExp(
      `^ *${target.pid} +${process.version} .*inspector, external .*profile-target.cjs idle`,
      "m",
    );
    assert.match(stdout, row);
    const list = JSON.parse((await spool(["ps", "--json"])).stdout) as { pid: number }[];
    assert.ok(list.some(({ pid }) => pid === target.pid));
  } finally {
    await target.stop();
  }
});

test("dump prints stacks, and variables with --locals", async () => {
  const target = await startTarget("shares");
  try {
    const plain = await spool(["dump", String(target.pid)]);
    assert.equal(plain.code, 0, plain.stderr);
    assert.match(plain.stdout, new RegExp(`^Process ${target.pid} "profile-target.cjs" main thread`));
    const { stdout } = await spool(["dump", "-p", String(target.pid), "--locals"]);
    assert.match(stdout, /\(running, inspector\)\n {4}\w+ \(.*profile-target\.cjs:\d+\)\n {8}\w+: /);
  } finally {
    await target.stop();
  }
});

test("record writes a flame graph, says what it did, and compares with an earlier recording", async () => {
  const target = await startTarget("shares");
  try {
    const [old, page] = [join(directory, "old.json"), join(directory, "new.html")];
    const pid = String(target.pid);
    const first = await spool(["record", pid, "-d", "0.5", "-f", "speedscope", "-o", old, "--inspector"]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /sent SIGUSR1[^]*closed port[^]*samples of 1 threads -> /);
    const second = await spool(["record", pid, "-d", "0.5", "-o", page, "--diff", old, "--inspector"]);
    assert.equal(second.code, 0, second.stderr);
    assert.match(readFileSync(page, "utf8"), /"before":\[/);
  } finally {
    await target.stop();
  }
});

test("record -- COMMAND records the command and ends with its exit code", async () => {
  const program = resolve(import.meta.dirname, "../programs/profile-target.cjs");
  const output = join(directory, "run.txt");
  const { code, stderr } = await spool([
    "record",
    "-f",
    "raw",
    "-o",
    output,
    "--",
    process.execPath,
    program,
    "exit",
  ]);
  assert.equal(code, 7, stderr);
  assert.match(readFileSync(output, "utf8"), /profile-target\.cjs/);
});

test("Ctrl-C ends a recording in good order", async () => {
  const target = await startTarget("shares");
  try {
    const before = footprint(target.pid);
    const output = join(directory, "interrupted.txt");
    const child = startSpool(["record", String(target.pid), "-f", "raw", "-o", output, "--inspector"]);
    const end = ended(child);
    await new Promise<void>((done) =>
      child.stderr!.on("data", (text: string) => {
        if (/Ctrl-C ends it/.test(String(text))) done();
      }),
    );
    await new Promise((done) => setTimeout(done, 300));
    pressCtrlC(child);
    assert.equal((await end).code, 0);
    assert.ok(existsSync(output));
    assert.deepEqual(await settled(target.pid, before), before);
  } finally {
    await target.stop();
  }
});

test("stalls names who blocked the loop", async () => {
  const target = await startTarget("stalls");
  try {
    const child = startSpool(["stalls", String(target.pid), "--over", "80ms", "--json"]);
    const end = ended(child);
    await once(child.stdout!, "data");
    pressCtrlC(child);
    const { code, stdout } = await end;
    assert.equal(code, 0);
    assert.match(stdout.split("\n")[0]!, /"name":"block"/);
  } finally {
    await target.stop();
  }
});

const MISTAKES: [string[], RegExp, number][] = [
  [["dump"], /name the process/, 2],
  [["dump", "abc"], /a PID is a whole number above 0, got "abc"/, 2],
  [["dump", "4194305"], /there is no process 4194305.*`spool ps`/, 1],
  [["top", "4194305"], /there is no process 4194305/, 1],
  [["record", "1", "-f", "png"], /--format takes one of flame, speedscope/, 2],
  [["record", "1", "-r", "5000"], /more than 1000 samples a second/, 2],
  [["record", "1", "--external", "--inspector"], /exclude each other/, 2],
  [["stalls", "1", "--over", "50"], /--over takes a time such as 50ms/, 2],
];
for (const [args, message, code] of MISTAKES) {
  test(`spool ${args.join(" ")}: one line that names the way out`, async () => {
    const result = await spool(args);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /\n {4}at /);
  });
}

const skip = existsSync("/usr/bin/tmux") || process.env["CI"] !== undefined ? false : "no tmux here";
test("top in a real terminal: header, columns, keys, and the terminal given back", { skip }, async () => {
  const target = await startTarget("shares");
  const socket = `spool-test-${process.pid}`;
  const tmux = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)("tmux", ["-L", socket, ...args])).stdout;
  const shows = async (what: RegExp): Promise<string> => {
    let screen = "";
    for (let looks = 0; looks < 200; looks++) {
      screen = await tmux("capture-pane", "-p", "-t", "top");
      if (what.test(screen)) return screen;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`the terminal never showed ${what}: ${screen}`);
  };
  try {
    await tmux("new-session", "-d", "-s", "top", "-x", "110", "-y", "30", "env PS1='$ ' sh");
    const main = resolve(import.meta.dirname, "../../src/cli/main.ts");
    const command = `${process.execPath} -C spool-source ${main} top ${target.pid}`;
    await tmux("send-keys", "-t", "top", command, "Enter");
    const screen = await shows(/%Own[^]*hot \(/);
    assert.match(screen, /Collecting samples from '.*profile-target\.cjs shares' \(node v/);
    assert.match(screen, /Loop: +\d+.*GC: .*Active: .*CPU: .*Threads: 1, Heap: \d+ MB, RSS: \d+ MB/);
    await tmux("send-keys", "-t", "top", "4");
    await shows(/\*TotalTime/);
    await tmux("send-keys", "-t", "top", "t");
    await shows(/Threads: main thread \d+/);
    await tmux("send-keys", "-t", "top", "?");
    await shows(/sort by that column/);
    await tmux("send-keys", "-t", "top", "q");
    await shows(/\$\s*$/);
  } finally {
    execFileSync("tmux", ["-L", socket, "kill-server"]);
    await target.stop();
  }
});
