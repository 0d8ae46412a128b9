import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { attach, attachOrLookOutside, type InspectorSession } from "spool/profile";
import { evaluate } from "../../src/profile/attach/protocol.ts";
import { listeningPorts } from "../../src/profile/attach/sockets.ts";
import { nodeLines } from "../support/node-target.ts";
import { startTarget, type Target } from "../support/target.ts";
import { footprint, settled } from "./footprint.ts";

/** What a target does, for each state in which the inspector must get in. */
const STATES = ["idle", "shares", "forever", "regex", "atomics", "workers"];

const OWN_LINE = process.versions.node.split(".")[0];

for (const [line, node] of nodeLines()) {
  for (const mode of line === OWN_LINE ? STATES : ["forever", "workers"]) {
    test(`Node ${line}, ${mode}: entered, spoken to, left as it was`, async () => {
      const target = await startTarget(mode, { node });
      try {
        if (mode === "workers") await workersRun(target);
        const before = footprint(target.pid);
        const session = await attach(target.pid, { timeout: 30 });
        assert.equal(await evaluate(session, "process.pid"), target.pid);
        assert.match(session.nodeVersion, new RegExp(`^v${line}\\.`));
        assert.deepEqual(listeningPorts(target.pid), [], "the TCP port is closed while we are attached");
        if (mode === "workers") assert.deepEqual(await workerNames(session), ["alpha", "beta", "gamma"]);
        await session.close();
        assert.equal(await session.ended, "closed");
        assert.deepEqual(await settled(target.pid, before), before);
      } finally {
        await target.stop();
      }
    });
  }
}

test("handles, listeners, globals and the debug port of the program are as before", async () => {
  const target = await startTarget("idle");
  try {
    const before = await target.ask("held");
    const kernel = footprint(target.pid);
    const session = await attach(target.pid);
    await session.send("Profiler.enable");
    await session.close();
    await settled(target.pid, kernel);
    assert.deepEqual(await target.ask("held"), before);
  } finally {
    await target.stop();
  }
});

test("three targets at once: each gets its turn at the port", async () => {
  const targets = await Promise.all(["idle", "forever", "shares"].map((mode) => startTarget(mode)));
  try {
    const sessions = await Promise.all(targets.map((target) => attach(target.pid, { timeout: 30 })));
    const pids = await Promise.all(sessions.map((session) => evaluate(session, "process.pid")));
    assert.deepEqual(
      pids,
      targets.map((target) => target.pid),
    );
    await Promise.all(sessions.map((session) => session.close()));
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
});

// These take a port of their own: 9229 is what every other test's targets open.

test("an inspector that holds the port is asked to move, and moves back", async () => {
  const port = await freePort();
  const holder = await startTarget("idle", { execArgv: [`--inspect=127.0.0.1:${port}`] });
  const target = await startTarget("idle", { execArgv: [`--inspect-port=${port}`] });
  try {
    assert.deepEqual(listeningPorts(holder.pid), [port]);
    const notes: string[] = [];
    const session = await attach(target.pid, { timeout: 30, onNote: (line) => notes.push(line) });
    assert.equal(await evaluate(session, "process.pid"), target.pid);
    await session.close();
    assert.deepEqual(listeningPorts(holder.pid), [port]);
    assert.match(notes.join("\n"), new RegExp(`asked process ${holder.pid} to move`));
  } finally {
    await target.stop();
    await holder.stop();
  }
});

test("a port that is open already stays open", async () => {
  const port = await freePort();
  const target = await startTarget("idle", { execArgv: [`--inspect=127.0.0.1:${port}`] });
  try {
    const session = await attach(target.pid, { timeout: 30 });
    assert.equal(await evaluate(session, "process.pid"), target.pid);
    await session.close();
    assert.deepEqual(listeningPorts(target.pid), [port]);
  } finally {
    await target.stop();
  }
});

test("a port held by something else than an inspector is named", async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const target = await startTarget("idle", { execArgv: [`--inspect-port=${port}`] });
  try {
    await assert.rejects(attach(target.pid, { timeout: 30 }), {
      code: "PROFILER_PORT_TAKEN",
      message: new RegExp(`port ${port}.*held by process ${process.pid}.*--external`),
    });
  } finally {
    await target.stop();
    await new Promise((done) => server.close(done));
  }
});

for (const [line, node] of nodeLines()) {
  test(`Node ${line}: by force a program whose port is taken opens another, and has its own back`, async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const target = await startTarget("idle", { node, execArgv: [`--inspect-port=${port}`] });
    try {
      const held = await target.ask<{ debugPort: number }>("held");
      assert.equal(held.debugPort, port);
      const before = footprint(target.pid);
      for (let round = 0; round < 2; round++) {
        const session = await attach(target.pid, { timeout: 30, force: true });
        assert.equal(await evaluate(session, "process.pid"), target.pid);
        assert.match(session.notes.join("\n"), new RegExp(`port ${port} is taken`));
        await session.close();
        assert.deepEqual(await settled(target.pid, before), before);
        assert.deepEqual(await target.ask("held"), held);
      }
    } finally {
      await target.stop();
      await new Promise((done) => server.close(done));
    }
  });
}

test("a program with its own SIGUSR1 handler is given up, and keeps its handler", async () => {
  const target = await startTarget("trapped");
  try {
    const before = footprint(target.pid);
    await assert.rejects(attach(target.pid, { timeout: 1 }), { code: "PROFILER_NO_ANSWER" });
    assert.deepEqual(await settled(target.pid, before), before);
    assert.equal((await target.ask<{ signals: number }>("truth")).signals, 1);
  } finally {
    await target.stop();
  }
});

for (const [line, node] of nodeLines()) {
  test(`Node ${line}: by force a program with its own SIGUSR1 handler is entered, and does not notice`, async () => {
    const target = await startTarget("trapped", { node });
    try {
      const [before, held] = [footprint(target.pid), await target.ask("held")];
      for (let visit = 0; visit < 2; visit++) {
        const session = await attach(target.pid, { timeout: 30, force: true });
        assert.equal(await evaluate(session, "process.pid"), target.pid);
        assert.match(session.notes.join("\n"), /no signal was sent/);
        await session.close();
        assert.deepEqual(await settled(target.pid, before), before);
      }
      assert.deepEqual(await target.ask("held"), held);
      assert.equal((await target.ask<{ signals: number }>("truth")).signals, 0);
      target.child.kill("SIGUSR1");
      while ((await target.ask<{ signals: number }>("truth")).signals === 0);
    } finally {
      await target.stop();
    }
  });
}

test("force enters a program that never turns its loop, too", async () => {
  const target = await startTarget("forever");
  try {
    const session = await attach(target.pid, { timeout: 30, force: true });
    assert.equal(await evaluate(session, "6 * 7"), 42);
    await session.close();
  } finally {
    await target.stop();
  }
});

test("inside execSync it is looked at from outside, and the port it opens later is closed again", async () => {
  const target = await startTarget("execsync");
  try {
    await childOf(target.pid);
    const before = footprint(target.pid);
    assert.equal(await attachOrLookOutside(target.pid, { timeout: 30 }), "external");
    await target.ask("truth");
    const { ports } = await settled(target.pid, {
      ...before,
      descriptors: footprint(target.pid).descriptors,
    });
    assert.deepEqual(ports, []);
  } finally {
    await target.stop();
  }
});

const nodesWithFlag = [...nodeLines()].filter(([line]) => Number(line) >= 22);
for (const [line, node] of nodesWithFlag) {
  test(`Node ${line}, --disable-sigusr1: no signal is sent, the fix is named`, async () => {
    const target = await startTarget("idle", { node, execArgv: ["--disable-sigusr1"] });
    try {
      await assert.rejects(attach(target.pid), { code: "PROFILER_NO_SIGNAL", message: /--external/ });
      await assert.rejects(attach(target.pid, { force: true }), {
        code: "PROFILER_NO_SIGNAL",
        message: /--disable-sigusr1.*--external/,
      });
      assert.equal(await attachOrLookOutside(target.pid), "external");
    } finally {
      await target.stop();
    }
  });
}

test("what cannot be attached to is told in one line that names the way out", async () => {
  await assert.rejects(attach(0), { code: "INVALID_ARGUMENT" });
  await assert.rejects(attach(2 ** 22 + 1), { code: "PROFILER_NO_PROCESS", message: /spool ps/ });
  const sleeper = spawn("sleep", ["60"]);
  const exited = new Promise((done) => sleeper.once("exit", done));
  try {
    await assert.rejects(attach(sleeper.pid!), {
      code: "PROFILER_NOT_NODE",
      message: /sleep, not Node; `spool ps`/,
    });
  } finally {
    sleeper.kill();
    await exited;
  }
});

const ROOT = process.getuid?.() === 0;
/** What `attach` comes to in a program of its own, run by a user who may look at none of root's processes. */
async function attachAsNobody(pid: number): Promise<string> {
  const program = `import { attach } from "./src/profile/index.ts";
    attach(${pid}).catch((error) => console.log(error.code, error.message));`;
  const child = spawn(process.execPath, ["-C", "spool-source", "--input-type=module", "--eval", program], {
    uid: 65534,
    gid: 65534,
    env: {},
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  child.stdout.on("data", (text) => (out += String(text)));
  await once(child, "close");
  return out;
}

test("another user's process: one line says whose it is and what to do", { skip: !ROOT }, async () => {
  const target = await startTarget("idle");
  try {
    const out = await attachAsNobody(target.pid);
    assert.match(
      out,
      /^PROFILER_NOT_PERMITTED process \d+ belongs to another user: run spool as that user, or as root/,
    );
    assert.equal(out.trim().split("\n").length, 1);
  } finally {
    await target.stop();
  }
});

test("a process in another network namespace: one line says how to enter it", { skip: !ROOT }, async () => {
  const child = spawn(
    "unshare",
    ["--net", process.execPath, "-e", "console.log(1); setInterval(() => {}, 1000)"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const exited = once(child, "exit");
  try {
    await once(child.stdout, "data");
    const { pid } = child;
    await assert.rejects(attach(pid!), {
      code: "PROFILER_OTHER_NAMESPACE",
      message: new RegExp(
        `^process ${pid} is in another network namespace.*nsenter -t ${pid} -n spool.*--external[^\n]*$`,
      ),
    });
    assert.equal(await attachOrLookOutside(pid!), "external");
  } finally {
    child.kill();
    await exited;
  }
});

for (const [line, node] of nodeLines()) {
  test(`Node ${line}: a target that exits while we are attached is not held up, and says nothing of it`, async () => {
    const target = await startTarget("idle", { node });
    const session = await attach(target.pid, { timeout: 30 });
    target.child.send("exit");
    assert.equal(await session.ended, "exited");
    assert.equal(await target.exitCode, 5);
    assert.doesNotMatch(target.stderr(), /Waiting for the debugger/);
    await assert.rejects(session.send("Runtime.enable"), { code: "PROFILER_TARGET_GONE" });
    await session.close();
    await target.stop();
  });
}

test("what is to be done before the target ends is done, and what fails there holds nobody up", async () => {
  const target = await startTarget("idle");
  const session = await attach(target.pid, { timeout: 30 });
  let seen: unknown;
  session.atExit(async () => (seen = await evaluate(session, "process.pid")));
  session.atExit(() => Promise.reject(new Error("a task that fails")));
  session.atExit(() => assert.fail("this one was taken back"))();
  target.child.send("exit");
  assert.equal(await session.ended, "exited");
  assert.equal(await target.exitCode, 5);
  assert.equal(seen, target.pid);
  await target.stop();
});

test("a program may be entered again and again", async () => {
  const target = await startTarget("forever");
  try {
    const before = footprint(target.pid);
    for (let round = 0; round < 3; round++) {
      const session = await attach(target.pid, { timeout: 30 });
      assert.equal(await evaluate(session, "6 * 7"), 42);
      await session.close();
    }
    assert.deepEqual(await settled(target.pid, before), before);
  } finally {
    await target.stop();
  }
});

test("a process can attach to itself, without a signal", async () => {
  const session = await attach(process.pid);
  assert.equal(await evaluate(session, "process.pid"), process.pid);
  await session.close();
});

test("an attach can be cancelled", async () => {
  const target = await startTarget("trapped");
  try {
    await assert.rejects(attach(target.pid, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  } finally {
    await target.stop();
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function workerNames(session: InspectorSession): Promise<string[]> {
  const names: string[] = [];
  await new Promise<void>((done) => {
    void session.workers((worker) => {
      names.push(worker.name);
      if (names.length === 3) done();
    });
  });
  return names.sort();
}

async function workersRun(target: Target): Promise<void> {
  while ((await target.ask<{ online: number }>("truth")).online < 3);
}

async function childOf(pid: number): Promise<void> {
  await until(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8") !== "");
}

/** Waits for what is bound to come; the runner's own limit ends it when it does not. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 10));
}
