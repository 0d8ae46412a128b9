import "../support/leaks.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Read, Ring, runSync } from "spool/memory";
import { DEAD, KINDS } from "./support.ts";

/** Words of the control block, as ring.ts has them. */
const PUT_LOCK = 0;
const PUTS = 12;
const GET_LOCK = 32;
const GETS = 44;

const put = (ring: Ring, length: number, fill: number, kind = 1): boolean =>
  ring.tryPut(length, kind, (target, offset) => void target.fill(fill, offset, offset + length));
const copy: Read<{ kind: number; offset: number; bytes: Buffer }> = (source, offset, length, kind) => ({
  kind,
  offset,
  bytes: Buffer.from(source.subarray(offset, offset + length)),
});
const take = (ring: Ring): { kind: number; offset: number; bytes: Buffer } | undefined =>
  ring.tryGet(copy)?.value;

for (const kind of KINDS) {
  describe(`Ring in ${kind} memory`, () => {
    const make = (maxItems = 0, maxBytes = 0): Ring => new Ring(Ring.create(kind, maxItems, maxBytes));

    test("keeps order, kinds and bytes over many rounds", () => {
      const ring = make();
      let [puts, gets] = [0, 0];
      for (let i = 0; i < 3000; i++) {
        while (puts - gets < 5) assert.ok(put(ring, (puts * 7919) % 90_000, puts % 256, (puts++ % 127) + 1));
        const { kind: got, bytes } = take(ring)!;
        assert.equal(got, (gets % 127) + 1);
        assert.equal(bytes.length, (gets * 7919) % 90_000);
        assert.ok(bytes.every((byte) => byte === gets % 256));
        gets++;
        assert.equal(ring.size, puts - gets);
      }
    });

    test("a ring of so many items is full with them", () => {
      const ring = make(2);
      assert.ok(put(ring, 8, 1) && put(ring, 8, 2));
      assert.equal(ring.full, true);
      assert.equal(put(ring, 8, 3), false);
      take(ring);
      assert.equal(put(ring, 8, 3), true);
    });

    test("a ring of so many bytes takes a larger message when it is empty, and only then", () => {
      const ring = make(0, 4096);
      assert.ok(put(ring, 3000, 1));
      assert.equal(put(ring, 3000, 2), false);
      assert.equal(put(ring, 5_000_000, 3), false);
      take(ring);
      assert.ok(put(ring, 5_000_000, 3));
      assert.equal(take(ring)!.bytes.length, 5_000_000);
      assert.equal(put(ring, 3000, 4), true);
    });

    test("an empty ring is written from its beginning again", () => {
      const ring = make();
      const first = (put(ring, 8, 0), take(ring)!.offset);
      for (let i = 0; i < 9; i++) put(ring, 100_000, i);
      while (take(ring) !== undefined);
      put(ring, 8, 9);
      assert.equal(take(ring)!.offset, first);
    });

    test("a reader that throws has taken nothing", () => {
      const ring = make();
      put(ring, 8, 1);
      assert.throws(
        () =>
          ring.tryGet(() => {
            throw new RangeError("no");
          }),
        RangeError,
      );
      assert.equal(ring.size, 1);
      assert.equal(take(ring)!.bytes[0], 1);
    });

    test("a producer that died between its counter and the message is counted right", () => {
      const ring = make();
      const { words } = ring.block;
      put(ring, 8, 1);
      words[PUTS]!++;
      words[PUT_LOCK] = DEAD;
      assert.equal(ring.size, 2, "as it left it");
      put(ring, 8, 2);
      assert.equal(ring.size, 2);
      assert.deepEqual([take(ring)!.bytes[0], take(ring)!.bytes[0], take(ring)], [1, 2, undefined]);
    });

    test("a consumer that died between the message and its counter is counted right", () => {
      const ring = make();
      const { words } = ring.block;
      for (const n of [1, 2, 3]) put(ring, 8, n);
      take(ring);
      words[GETS]!--;
      words[GET_LOCK] = DEAD;
      assert.equal(take(ring)!.bytes[0], 2);
      put(ring, 8, 4);
      assert.equal(ring.size, 2);
    });

    test("a put that waits is ended by its hook, and by time", () => {
      let refuse = false;
      const ring = new Ring(Ring.create(kind, 1), {
        whenFull: () => {
          if (refuse) throw new RangeError("shut");
        },
      });
      put(ring, 8, 1);
      const write = (): void => {};
      assert.equal(
        runSync((waiter) => ring.put(waiter, 8, 1, write), { timeout: 0.01 }),
        false,
      );
      refuse = true;
      assert.throws(() => runSync((waiter) => ring.put(waiter, 8, 1, write)), RangeError);
      assert.equal(ring.size, 1);
    });
  });
}
