import "../support/leaks.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { posix } from "spool/memory";
import { ProcessPoolExecutor } from "spool/multiprocessing";
import { ThreadPoolExecutor } from "spool/threading";
import { BulkReader, BulkWriter } from "../../src/worker/bulk.ts";

const large = (first: number): Float64Array => new Float64Array(100_000).fill(first);

/** Sends a batch to a reader in this process; says how large the message was, and what arrived. */
function carry(
  writer: BulkWriter,
  reader: BulkReader,
  batch: unknown[],
): { bytes: number; arrived: unknown[] } {
  let bytes = 0;
  let arrived: unknown[] = [];
  writer.send(batch, (message) => {
    const text = JSON.stringify(message, (_key, value: unknown) =>
      ArrayBuffer.isView(value) ? "x".repeat(value.byteLength) : value,
    );
    bytes = text.length;
    arrived = reader.read(structuredClone(message));
  });
  return { bytes, arrived };
}

test("a thread gets large arrays whole, shared where they were, and leaves the caller's alone", async () => {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  try {
    const echo = (...values: Float64Array[]): unknown[] => [
      values.every((value) => value.buffer === values[0]!.buffer),
      ...values,
    ];
    const alone = large(3);
    for (let round = 0; round < 3; round++) {
      assert.deepStrictEqual(await pool.submit((x: Float64Array) => x, alone), large(3));
      assert.deepStrictEqual(await pool.submit(echo, alone, large(4)), [false, large(3), large(4)]);
    }
    const other = new Float64Array(alone.buffer);
    const [shared, first, second] = await pool.submit(echo, alone, other);
    assert.equal(shared, true);
    assert.equal((first as Float64Array).buffer, (second as Float64Array).buffer);
    const part = alone.subarray(10);
    assert.deepStrictEqual(await pool.submit((x: Float64Array) => [x.length, x.byteOffset], part), [
      part.length,
      80,
    ]);
    assert.deepStrictEqual(alone, large(3));
  } finally {
    await pool[Symbol.asyncDispose]();
  }
});

suite("large arrays through shared memory", { skip: posix() === null }, () => {
  test("results, arguments and the results of a chunk; the sender's own stay as they were", () => {
    const [writer, reader] = [new BulkWriter(), new BulkReader()];
    for (let round = 0; round < 5; round++) {
      const chunk = { values: large(1 + round), packed: false, asynchronous: false };
      const batch = [20, 1, large(round), undefined, 0, 2, 7, ["a", large(2), 3], 22, 3, chunk, undefined];
      const before = structuredClone(batch);
      const { bytes, arrived } = carry(writer, reader, batch);
      assert.deepStrictEqual(arrived, before);
      assert.deepStrictEqual(batch, before);
      assert.ok(bytes < 5000, `${bytes} bytes went by message`);
    }
  });

  test("every type of array, and views of part of a buffer", () => {
    const [writer, reader] = [new BulkWriter(), new BulkReader()];
    const part = new Uint8Array(new ArrayBuffer(400_000), 1000, 300_000).fill(9);
    const values = [part, new Int16Array(200_000).fill(-3), new BigInt64Array(50_000).fill(-5n)];
    const { arrived } = carry(writer, reader, [0, 1, 2, values]);
    assert.deepStrictEqual(arrived, [0, 1, 2, values]);
  });

  test("an array that occurs twice arrives as one; in other company it goes by message", () => {
    const [writer, reader] = [new BulkWriter(), new BulkReader()];
    const twice = large(1);
    const [, , , args] = carry(writer, reader, [0, 1, 2, [twice, twice]]).arrived as [
      0,
      0,
      0,
      [object, object],
    ];
    assert.equal(args[0], args[1]);
    const mixed = carry(writer, reader, [0, 1, 2, [twice, { twice }]]);
    const [, , , both] = mixed.arrived as [0, 0, 0, [object, { twice: object }]];
    assert.equal(both[0], both[1].twice);
    assert.ok(mixed.bytes > 100_000);
  });

  test("a segment is used again only when it has been read", () => {
    const writer = new BulkWriter();
    const reader = new BulkReader();
    const messages: unknown[] = [];
    for (let i = 0; i < 20; i++)
      writer.send([20, i, large(i), undefined], (message) => messages.push(message));
    for (const [i, message] of messages.entries()) {
      const [, , value] = reader.read(structuredClone(message));
      assert.deepStrictEqual(value, large(i));
    }
  });

  test("a message that cannot be sent leaves nothing behind: the next one is complete", () => {
    const [writer, reader] = [new BulkWriter(), new BulkReader()];
    const refuse = (): never => {
      throw new Error("refused");
    };
    assert.throws(() => writer.send([20, 1, large(1), undefined], refuse), /refused/);
    assert.deepStrictEqual(carry(writer, reader, [20, 1, large(2), undefined]).arrived[2], large(2));
  });

  test("there and back again through a pool, several at once", async () => {
    const pool = new ProcessPoolExecutor({ maxWorkers: 2 });
    try {
      const add = (values: Float64Array, x: number): Float64Array => values.map((value) => value + x);
      for (let round = 0; round < 3; round++) {
        const sums = await Promise.all(
          Array.from({ length: 6 }, (_, i) => pool.submit(add, large(i), round)),
        );
        for (const [i, sum] of sums.entries()) assert.deepStrictEqual(sum, large(i + round));
      }
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  });
});
