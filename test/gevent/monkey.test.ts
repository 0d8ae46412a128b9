import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import crypto, { generateKeyPairSync, pbkdf2Sync, randomBytes, randomFillSync } from "node:crypto";
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import v8 from "node:v8";
import { gzipSync } from "node:zlib";
import {
  BlockingCallError,
  type BlockedReport,
  type BlockingCall,
  BlockingMonitor,
  monkey,
  spawn,
} from "spool/gevent";

afterEach(() => monkey.unpatchAll());

/** The calls that were reported while `fn` ran in a greenlet. */
async function guarded(fn: () => unknown): Promise<BlockingCall[]> {
  const calls: BlockingCall[] = [];
  monkey.patchAll({ onBlocking: (call) => calls.push(call) });
  await spawn(fn).get();
  monkey.unpatchAll();
  return calls;
}

const here = import.meta.filename;

const calls: Record<string, [() => unknown, instead: RegExp]> = {
  "fs.readFileSync": [() => readFileSync(here), /fs\.promises\.readFile/],
  "fs.existsSync": [() => existsSync(here), /fs\.promises\.access/],
  "child_process.execSync": [() => execSync("true"), /createSubprocessShell/],
  "crypto.pbkdf2Sync": [() => pbkdf2Sync("a", "b", 1, 8, "sha1"), /promisify\(crypto\.pbkdf2\)/],
  "zlib.gzipSync": [() => gzipSync("x"), /promisify\(zlib\.gzip\)/],
  "fs.Dir.readSync": [
    () => {
      const directory = fs.opendirSync(tmpdir());
      directory.readSync();
      directory.closeSync();
    },
    /await dir\.read\(\)/,
  ],
  "Atomics.wait": [() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1), /waitAsync/],
};

for (const [call, [fn, instead]] of Object.entries(calls)) {
  test(`the guard names ${call}, imported by name, with its line and what to use instead`, async () => {
    const report = (await guarded(fn)).find((found) => found.call === call);
    assert.ok(report !== undefined);
    assert.match(report.site, /monkey\.test\.ts:\d+:\d+$/);
    assert.match(report.instead, instead);
    assert.ok(report.seconds >= 0);
  });
}

test("the guard names the queries of node:sqlite", async () => {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const database = new DatabaseSync(":memory:");
  const found = await guarded(() => {
    database.exec("create table t (a)");
    database.prepare("insert into t values (?)").run(1);
    database.prepare("select a from t").all();
    return database.prepare("select a from t").get();
  });
  database.close();
  assert.deepEqual(
    found.map((report) => report.call),
    [
      "sqlite.DatabaseSync.exec",
      "sqlite.StatementSync.run",
      "sqlite.StatementSync.all",
      "sqlite.StatementSync.get",
    ],
  );
  for (const { site, instead } of found) {
    assert.match(site, /monkey\.test\.ts:\d+:\d+$/);
    assert.match(instead, /toThread/);
  }
});

/** Functions of Node's modules that are called Sync and need no guard, with the reason. */
const HARMLESS: Record<string, string> = {
  "dgram.Socket.bindSync": "the system answers without waiting for a network",
  "dgram.Socket.connectSync": "the system answers without waiting for a network",
  "fs.Dir.readSyncRecursive": "readSync calls it, and is guarded",
  "sqlite.DatabaseSync": "a class; what blocks are its methods, which are guarded",
  "sqlite.StatementSync": "a class; what blocks are its methods, which are guarded",
};

/** Every function of Node's modules, and of the classes they export, whose name says that it is synchronous. */
function syncFunctions(): string[] {
  const found = new Set<string>();
  const visit = (object: object, path: string, deep: boolean): void => {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof value !== "function") continue;
      if (/Sync/.test(name) && name !== "syncBuiltinESMExports") found.add(`${path}.${name}`);
      if (deep && /^[A-Z]/.test(name) && value.prototype) visit(value.prototype, `${path}.${name}`, false);
    }
  };
  for (const module of [...builtinModules, "sqlite"]) {
    if (/^_|\//.test(module)) continue;
    const exports = process.getBuiltinModule(`node:${module.replace("node:", "")}`) as object | undefined;
    if (exports !== undefined) visit(exports, module.replace("node:", ""), true);
  }
  return [...found];
}

test("every function of Node whose name says that it blocks is guarded, or is harmless for a reason", () => {
  const all = syncFunctions();
  assert.ok(all.length >= 60, `found only ${all.join(", ")}`);
  monkey.patchAll();
  assert.deepEqual(
    all.filter((call) => !monkey.isPatched(call) && HARMLESS[call] === undefined),
    [],
  );
  monkey.unpatchAll();
  assert.equal(monkey.isPatched(), false);
});

const withoutCallback: Record<string, [blocking: () => unknown, free: () => unknown]> = {
  "crypto.randomBytes": [() => randomBytes(100_000), () => randomBytes(16)],
  "crypto.randomFillSync": [
    () => randomFillSync(new Uint8Array(100_000)),
    () => randomFillSync(new Uint8Array(16)),
  ],
  "crypto.sign": [
    () => crypto.sign("sha256", Buffer.from("x"), keys.privateKey),
    () => crypto.sign("sha256", Buffer.from("x"), keys.privateKey, () => {}),
  ],
  "crypto.createDiffieHellman": [
    () => assert.throws(() => crypto.createDiffieHellman(64), /Invalid DH parameters/),
    () => crypto.createDiffieHellman(crypto.getDiffieHellman("modp5").getPrime()),
  ],
  "v8.writeHeapSnapshot": [
    () => rmSync(v8.writeHeapSnapshot(join(tmpdir(), `spool-guard-${process.pid}.heapsnapshot`))),
    () => v8.getHeapStatistics(),
  ],
  "process.report.getReport": [() => process.report.getReport(), () => process.report.directory],
};
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
for (const [call, [blocking, free]] of Object.entries(withoutCallback)) {
  test(`the guard names ${call} where it blocks, and only there`, async () => {
    const found = async (fn: () => unknown): Promise<number> =>
      (await guarded(fn)).filter((report) => report.call === call).length;
    assert.deepEqual([await found(blocking), await found(free)], [1, 0]);
  });
}

test("outside greenlets, calls pass untouched", () => {
  const seen: BlockingCall[] = [];
  monkey.patchAll({ mode: "throw", onBlocking: (call) => seen.push(call) });
  assert.ok(readFileSync(here).length > 0);
  assert.deepEqual(seen, []);
});

test("mode throw refuses the call before it blocks", async () => {
  monkey.patchAll({ mode: "throw" });
  const greenlet = spawn(() => readFileSync("/no/such/file"));
  greenlet.rawlink(() => {});
  await greenlet.join();
  assert.ok(greenlet.exception instanceof BlockingCallError);
  assert.match(
    greenlet.exception.message,
    /fs\.readFileSync at .*monkey\.test\.ts:\d+:\d+ would block.*fs\.promises/,
  );
});

test("mode offload writes in the background, in order", async () => {
  const directory = mkdtempSync(join(tmpdir(), "spool-monkey-"));
  const file = join(directory, "log");
  monkey.patchAll({ mode: "offload", onBlocking: () => {} });
  const before = await spawn(() => {
    writeFileSync(file, "one\n");
    for (const word of ["two", "three"]) fs.appendFileSync(file, `${word}\n`);
    return fs.statSync(directory).isDirectory();
  }).get();
  await monkey.offloaded();
  monkey.unpatchAll();
  assert.equal(before, true);
  assert.equal(readFileSync(file, "utf8"), "one\ntwo\nthree\n");
  rmSync(directory, { recursive: true });
});

test("calls below the minimum are not reported", async () => {
  const seen: BlockingCall[] = [];
  monkey.patchAll({ minimum: 1000, onBlocking: (call) => seen.push(call) });
  await spawn(() => readFileSync(here)).get();
  assert.deepEqual(seen, []);
});

test("isPatched tells, patching twice is patching once, unpatchAll restores the very functions", () => {
  const original = fs.readFileSync;
  monkey.patchFs();
  monkey.patchFs();
  assert.deepEqual(
    [
      monkey.isPatched(),
      monkey.isPatched("fs"),
      monkey.isPatched("fs.readFileSync"),
      monkey.isPatched("zlib"),
    ],
    [true, true, true, false],
  );
  assert.notEqual(fs.readFileSync, original);
  assert.equal(fs.readFileSync.name, "readFileSync");
  monkey.unpatchAll();
  assert.equal(fs.readFileSync, original);
  assert.equal(readFileSync, original);
  assert.equal(monkey.isPatched(), false);
});

test("properties of a patched function are kept", () => {
  const { native } = fs.realpathSync;
  monkey.patchFs();
  assert.equal(fs.realpathSync.native, native);
});

test("the places that block most come first, with their counts", async () => {
  await guarded(() => {
    for (let i = 0; i < 3; i++) readFileSync(here);
  });
  const place = monkey.blockingCalls().find((p) => p.call === "fs.readFileSync" && p.count >= 3);
  assert.ok(place !== undefined);
});

const big = JSON.stringify(Array.from({ length: 400_000 }, (_, i) => ({ id: i, tags: ["a", "b"] })));
const busy = (): number => {
  const start = performance.now();
  let n = 0;
  while (performance.now() - start < 200) n++;
  return n;
};
const json = (): unknown => {
  const start = performance.now();
  while (performance.now() - start < 200) JSON.parse(big);
  return 1;
};
const regex = (): boolean => {
  let found = false;
  for (let n = 24; n < 29; n++) found = /^(a+)+$/.test(`${"a".repeat(n)}b`);
  return found;
};
const exec = (): unknown => execSync("sleep 0.25");
const kdf = (): unknown => {
  const start = performance.now();
  while (performance.now() - start < 200) pbkdf2Sync("secret", "salt", 20_000, 64, "sha512");
  return 1;
};
const read = (): unknown => {
  const start = performance.now();
  while (performance.now() - start < 200) readFileSync(process.execPath);
  return 1;
};

/** What the issue of a blocked loop looks like, in six kinds; the guard sees three of them, the monitor all. */
const stalls: Record<string, [stall: () => unknown, call: string | undefined]> = {
  busy: [busy, undefined],
  json: [json, undefined],
  regex: [regex, undefined],
  exec: [exec, "child_process.execSync"],
  kdf: [kdf, "crypto.pbkdf2Sync"],
  read: [read, "fs.readFileSync"],
};

for (const [name, [stall, call]] of Object.entries(stalls)) {
  test(`a stalled loop is named: ${name}`, async () => {
    const reports: BlockedReport[] = [];
    const guard: BlockingCall[] = [];
    const monitor = new BlockingMonitor({
      threshold: 0.05,
      onBlocked: (report) => void reports.push(report),
    });
    await monitor.start();
    monkey.patchAll({ onBlocking: (place) => guard.push(place) });
    // On a crowded machine the monitor's thread may sleep through a stall.
    for (
      let attempt = 0;
      attempt < 50 && !reports.some((r) => r.stack.some((f) => f.name === name));
      attempt++
    ) {
      await spawn(stall).get();
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    monkey.unpatchAll();
    await monitor.stop();
    const frame = reports.flatMap((r) => r.stack).find((f) => f.name === name);
    assert.ok(frame !== undefined, JSON.stringify(reports));
    assert.match(`${frame.file}:${frame.line}`, /monkey\.test\.ts:\d+$/);
    assert.ok(reports[0]!.seconds >= 0.05);
    if (call !== undefined) assert.match(guard.find((p) => p.call === call)!.site, /monkey\.test\.ts:\d+/);
  });
}

test("stopping the monitor twice, or before it started, does nothing", async () => {
  const monitor = new BlockingMonitor();
  await monitor.stop();
  await monitor.start();
  await monitor.start();
  await monitor[Symbol.asyncDispose]();
  await monitor.stop();
});
