import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allocate, allocateAlone, receiveBlock } from "spool/memory";
import { KINDS } from "./support.ts";

for (const kind of KINDS) {
  describe(`memory of kind ${kind}`, () => {
    test("fresh blocks are zero, begin at cache lines and do not overlap", () => {
      const blocks = [1, 64, 65, 4000, 100_000].map((length) => allocate(kind, length));
      for (const [index, block] of blocks.entries()) {
        assert.ok(block.bytes.every((byte) => byte === 0));
        assert.equal(block.offset % 64, 0);
        block.bytes.fill(index + 1);
      }
      for (const [index, block] of blocks.entries())
        assert.ok(block.bytes.every((byte) => byte === index + 1));
    });

    test("a block that was received is the same memory", () => {
      const block = allocate(kind, 64);
      const received = receiveBlock(block.ship(kind));
      block.words[3] = 42;
      assert.equal(received.words[3], 42);
      assert.equal(
        received.segment,
        block.segment,
        "one segment object per thread, so that waiters find each other",
      );
    });

    test("a part shares its words", () => {
      const block = allocate(kind, 64);
      block.part(4, 2).words[1] = 7;
      assert.equal(block.words[5], 7);
    });

    test("a sleep on a word that has changed returns, a wake without sleepers does nothing", () => {
      const block = allocate(kind, 64);
      const at = block.offset >> 2;
      block.words[0] = 1;
      block.segment.sleep(at, 0, 60_000);
      block.segment.sleep(at, 1, 1);
      block.segment.wake(at, 1);
    });

    test("a segment grows without moving what it has", () => {
      const block = allocateAlone(kind, 4096);
      block.bytes.fill(1);
      const start = 2 ** 20;
      block.segment.grow(start + 65_536);
      block.segment.grow(10);
      const window = block.segment.window(start, 65_536);
      assert.ok(window.bytes.every((byte) => byte === 0));
      window.words[10] = 9;
      assert.equal(block.segment.window(start, 65_536).words[10], 9, "another window, the same memory");
      assert.ok(block.bytes.every((byte) => byte === 1));
    });
  });
}

test("memory of threads does not go to another process", () => {
  assert.throws(() => allocate("thread", 64).ship("process"), {
    code: "UNSUPPORTED",
    message: /spool\/multiprocessing/,
  });
});

test("what was discarded reads as zeros", () => {
  const block = allocateAlone("process", 4096);
  const start = 2 ** 20;
  block.segment.grow(start + 65_536);
  const { bytes } = block.segment.window(start, 65_536);
  bytes.fill(5);
  block.segment.discard(start, 65_536);
  assert.ok(bytes.every((byte) => byte === 0));
});
