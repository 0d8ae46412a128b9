import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEVNULL,
  PIPE,
  TimeoutError,
  createSubprocessExec,
  createSubprocessShell,
  group,
} from "spool/asyncio";

const node = process.execPath;

test("the return code, from exit and from a signal", async () => {
  const three = await createSubprocessExec(node, ["-e", "process.exit(3)"]);
  assert.equal(await three.wait(), 3);
  const killed = await createSubprocessExec(node, ["-e", "setInterval(() => {}, 1000)"]);
  assert.equal(killed.returncode, null);
  killed.terminate();
  assert.equal(await killed.wait(), -15);
  killed.terminate();
});

test("communicate feeds the input and gives both outputs", async () => {
  const child = await createSubprocessExec(
    node,
    ["-e", "process.stdin.pipe(process.stdout); process.stderr.write('to stderr')"],
    { stdin: PIPE, stdout: PIPE, stderr: PIPE },
  );
  const [out, err] = await child.communicate("to stdout");
  assert.deepEqual([String(out), String(err), child.returncode], ["to stdout", "to stderr", 0]);
});

test("output can be read line by line while it runs", async () => {
  const child = await createSubprocessExec("/bin/sh", ["-c", "echo one; read x; echo got $x"], {
    stdin: PIPE,
    stdout: PIPE,
  });
  assert.equal(String(await child.stdout!.readline()), "one\n");
  child.stdin!.write("two\n");
  assert.equal(String(await child.stdout!.readline()), "got two\n");
  assert.equal(await child.wait(), 0);
  await child[Symbol.asyncDispose]();
});

test("a line of shell", async () => {
  const child = await createSubprocessShell("echo $((6 * 7))", { stdout: PIPE, stderr: DEVNULL });
  const [out, err] = await child.communicate();
  assert.deepEqual([String(out), err.length], ["42\n", 0]);
});

test("a program that is not there throws what spawn throws", async () => {
  await assert.rejects(createSubprocessExec("/no/such/program"), { code: "ENOENT" });
});

test("cancelling the scope ends the child", async () => {
  const returncode = await group(async (g) => {
    const child = await createSubprocessExec("/bin/sh", ["-c", "echo up; exec sleep 100"], { stdout: PIPE });
    await child.stdout!.readline();
    g.cancel();
    await child.wait().catch(() => {});
    return child;
  }).then(async (child) => {
    const code = await child.wait();
    await child[Symbol.asyncDispose]();
    return code;
  });
  assert.equal(returncode, -15);
});

test("a child may outlive its scope when asked to, and dispose ends it for sure", async () => {
  const child = await group(async (g) => {
    const started = await createSubprocessExec("/bin/sh", ["-c", "trap '' TERM; echo up; read x"], {
      stdin: PIPE,
      stdout: PIPE,
      outlive: true,
    });
    await started.stdout!.readline();
    g.cancel();
    return started;
  });
  assert.equal(child.returncode, null);
  await child[Symbol.asyncDispose]();
  assert.equal(child.returncode, -9);
});

test("waiting gives up by timeout and the child goes on", async () => {
  const child = await createSubprocessExec("/bin/sh", ["-c", "read x"], { stdin: PIPE });
  await assert.rejects(child.wait({ timeout: 0 }), TimeoutError);
  assert.equal(child.returncode, null);
  child.stdin!.writeEof();
  await child.wait();
  await child[Symbol.asyncDispose]();
});

test("a child that does not read its input is no error", async () => {
  const child = await createSubprocessExec(node, ["-e", ""], { stdin: PIPE, stdout: PIPE });
  const [out] = await child.communicate(Buffer.alloc(4 * 1024 * 1024));
  assert.equal(out.length, 0);
});
