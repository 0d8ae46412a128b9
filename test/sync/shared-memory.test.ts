import { later } from "../support/later.ts";
import "../support/leaks.ts";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type ShareableItem, ShareableList, SharedMemory, SharedMemoryManager } from "spool/sync";
import { remote } from "../support/remote.ts";

/** Runs a real Python and gives what it printed. */
function python(program: string, ...args: string[]): string {
  const quiet = "from multiprocessing import resource_tracker\n";
  return execFileSync("python3", ["-c", quiet + program, ...args], { encoding: "utf8" }).trim();
}

/** Has the tests of this suite go without mapping, if that is their form. */
function choose(form: "mapped" | "read and written"): void {
  before(() => {
    if (form !== "mapped") process.env["SPOOL_MEMORY"] = "sockets";
  });
  after(() => {
    delete process.env["SPOOL_MEMORY"];
  });
}

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const skip = hasPython ? false : "python3 is not installed";
/** Keeps a Python before 3.13 from unlinking what it only attached to. */
const UNTRACK = "resource_tracker.unregister(m._name, 'shared_memory')\n";

for (const form of ["mapped", "read and written"] as const) {
  describe(`SharedMemory, ${form}`, () => {
    choose(form);

    test("is seen under its name by a second object and a process", async () => {
      const memory = new SharedMemory({ create: true, size: 100 });
      assert.equal(memory.size, 100);
      assert.ok(existsSync(`/dev/shm/${memory.name}`));
      assert.equal(memory.mapped, form === "mapped");
      memory.write(Uint8Array.of(6, 7), 2);
      const again = new SharedMemory({ name: memory.name });
      assert.deepEqual(again.read(1, 4), Uint8Array.of(0, 6, 7, 0));
      again.write(Uint8Array.of(8), 4);
      assert.equal(memory.read(4)[0], 8);
      assert.equal(memory.read().length, 100);
      assert.throws(() => memory.read(90, 11), { code: "INVALID_ARGUMENT" });
      assert.throws(() => memory.write(new Uint8Array(2), 99), { code: "INVALID_ARGUMENT" });
      const other = later(await remote("process"));
      await other.give("memory", memory);
      assert.equal(await other.get("memory", "size"), 100);
      assert.deepEqual(await other.call("memory", "read", 4, 1), Uint8Array.of(8));
      again.close();
      memory.close();
      memory.unlink();
      assert.equal(existsSync(`/dev/shm/${memory.name}`), false);
    });

    const MISUSE: [string, () => unknown, string][] = [
      ["no size", () => new SharedMemory({ create: true }), "INVALID_ARGUMENT"],
      ["size 0", () => new SharedMemory({ create: true, size: 0 }), "INVALID_ARGUMENT"],
      ["neither name nor create", () => new SharedMemory({}), "INVALID_ARGUMENT"],
      ["a name with a slash", () => new SharedMemory({ name: "../etc" }), "INVALID_ARGUMENT"],
      ["no such name", () => new SharedMemory({ name: `spool_none_${process.pid}` }), "INVALID_STATE"],
    ];
    for (const [name, call, code] of MISUSE) test(`${name} is an error`, () => assert.throws(call, { code }));

    test("a taken name, unlinking twice, and use after close are errors", () => {
      const memory = new SharedMemory({ create: true, size: 10 });
      assert.throws(() => new SharedMemory({ create: true, size: 10, name: memory.name }), {
        code: "INVALID_STATE",
      });
      memory.close();
      memory.close();
      assert.throws(() => memory.buf, { code: "INVALID_STATE" });
      assert.throws(() => memory.read(), { code: "INVALID_STATE" });
      memory.unlink();
      assert.throws(() => memory.unlink(), { code: "INVALID_STATE" });
    });

    for (const [how, end] of [
      ["ends", ""],
      ["is killed", "process.kill(process.pid, 'SIGKILL');"],
    ]) {
      test(`a forgotten name goes away when the program ${how}`, async () => {
        const program = `
        import { SharedMemory } from "spool/sync";
        console.log(new SharedMemory({ create: true, size: 4096 }).name);
        ${end}
      `;
        const args = ["-C", "spool-source", "--input-type=module", "--eval", program];
        const { SPOOL_TRACKER: _, ...env } = process.env;
        const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
        const path = `/dev/shm/${stdout.trim()}`;
        assert.match(path, /spool_/);
        for (let tries = 0; tries < 500 && existsSync(path); tries++)
          await new Promise((r) => setTimeout(r, 10));
        assert.equal(existsSync(path), false);
      });
    }

    test("Python attaches to ours", { skip }, () => {
      const memory = new SharedMemory({ create: true, size: 64 });
      memory.write(Uint8Array.of(1, 2, 3));
      const program = `
import sys
from multiprocessing.shared_memory import SharedMemory
m = SharedMemory(name=sys.argv[1])
${UNTRACK}print(list(m.buf[:3]))
m.buf[5] = 55
m.close()`;
      assert.equal(python(program, memory.name), "[1, 2, 3]");
      assert.equal(memory.read(5, 1)[0], 55);
      memory.unlink();
    });

    test("ours attaches to Python's", { skip }, () => {
      const create = `
from multiprocessing.shared_memory import SharedMemory
m = SharedMemory(create=True, size=32)
${UNTRACK}m.buf[:4] = b"abcd"
print(m.name)
m.close()`;
      const memory = new SharedMemory({ name: python(create) });
      assert.equal(Buffer.from(memory.read(0, 4)).toString(), "abcd");
      memory.unlink();
    });
  });

  describe(`ShareableList, ${form}`, () => {
    choose(form);

    const ITEMS: ShareableItem[] = [
      1,
      -5,
      2n ** 60n,
      1.5,
      -0,
      true,
      false,
      "text",
      "",
      "smørbrød",
      new Uint8Array([1, 2]),
      null,
    ];

    test("gives back what was put, and replaces", () => {
      const list = new ShareableList(ITEMS);
      assert.deepEqual([...list], ITEMS);
      assert.equal(list.length, ITEMS.length);
      assert.equal(list.get(-1), null);
      list.set(0, "short");
      list.set(7, 12);
      list.set(-1, 2.5);
      assert.deepEqual([list.get(0), list.get(7), list.get(-1)], ["short", 12, 2.5]);
      assert.equal(list.count(true), 1);
      assert.equal(list.indexOf("smørbrød"), 9);
      assert.equal(list.indexOf("none"), -1);
      assert.throws(() => list.set(0, "much too long for eight bytes"), { code: "INVALID_ARGUMENT" });
      assert.throws(() => list.get(99), { code: "INVALID_ARGUMENT" });
      assert.throws(() => list.set(0, {} as never), { code: "SERIALIZATION" });
      const again = new ShareableList(undefined, { name: list.shm.name });
      assert.deepEqual([...again], [...list]);
      list.shm.unlink();
    });

    test("other memory is refused", () => {
      const memory = new SharedMemory({ create: true, size: 64 });
      for (const head of [-1n, 2n ** 40n, 7n]) {
        memory.write(new Uint8Array(new BigInt64Array([head]).buffer));
        assert.throws(() => new ShareableList(undefined, { name: memory.name }), { code: "INVALID_STATE" });
      }
      memory.unlink();
    });

    test("Python reads and writes ours", { skip }, () => {
      const list = new ShareableList([1, 1.5, true, "text", new Uint8Array([7, 8]), null]);
      const program = `
import sys
from multiprocessing.shared_memory import ShareableList
l = ShareableList(name=sys.argv[1])
m = l.shm
${UNTRACK}print(list(l), l.format)
l[0] = 99
l[3] = "words"`;
      assert.equal(
        python(program, list.shm.name),
        `[1, 1.5, True, 'text', b'\\x07\\x08', None] ${list.format}`,
      );
      assert.equal(list.get(0), 99);
      assert.equal(list.get(3), "words");
      list.shm.unlink();
    });

    test("ours reads Python's", { skip }, () => {
      const program = `
from multiprocessing.shared_memory import ShareableList
l = ShareableList([3, -2.5, False, "héllo", b"xy", None])
m = l.shm
${UNTRACK}print(m.name)`;
      const list = new ShareableList(undefined, { name: python(program) });
      assert.deepEqual([...list], [3, -2.5, false, "héllo", new Uint8Array([120, 121]), null]);
      list.shm.unlink();
    });
  });
}

test("a program that may not load koffi shares memory all the same, and leaves no name behind", async () => {
  const program = `
    import { posix } from "spool/memory";
    import { ShareableList, SharedMemory } from "spool/sync";
    const memory = new SharedMemory({ create: true, size: 4096 });
    memory.write(Uint8Array.of(7));
    const list = new ShareableList(["text"]);
    console.log(memory.name, new SharedMemory({ name: memory.name }).read(0, 1)[0], list.get(0), posix() === null);
    process.kill(process.pid, "SIGKILL");
  `;
  const permissions = ["--permission", "--allow-fs-read=*", "--allow-fs-write=*", "--allow-child-process"];
  const args = [...permissions, "-C", "spool-source", "--input-type=module", "--eval", program];
  const { SPOOL_TRACKER: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  const [name, ...seen] = stdout.trim().split(" ");
  assert.deepEqual(seen, ["7", "text", "true"]);
  while (existsSync(`/dev/shm/${name}`)) await new Promise((resolve) => setTimeout(resolve, 10));
});

test("SharedMemoryManager takes everything away", () => {
  const manager = new SharedMemoryManager();
  manager.start();
  const memory = manager.SharedMemory(100);
  const list = manager.ShareableList([1, 2]);
  manager.shutdown();
  manager.shutdown();
  for (const name of [memory.name, list.shm.name]) assert.equal(existsSync(`/dev/shm/${name}`), false);
  assert.throws(() => manager.SharedMemory(1), { code: "INVALID_STATE" });
});
