import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { decodeError, encodeError } from "spool/closures";
import { ArgumentError } from "spool";
import { type Carrier, processCarrier, threadCarrier } from "./fixtures/carriers.ts";
import { LibraryError, fail } from "./fixtures/library.ts";

const source = readFileSync(import.meta.filename, "utf8");
const carriers: Carrier[] = [];
before(() => void carriers.push(threadCarrier(), processCarrier()));
after(async () => {
  for (const carrier of carriers) await carrier.close();
});

class OrderError extends Error {
  override readonly name: string = "OrderError";
  readonly items: Map<string, number>;
  constructor(message: string, items: Map<string, number>, options?: ErrorOptions) {
    super(message, options);
    this.items = items;
  }
}

/** Runs a function that throws, on each carrier. */
async function thrownBy(fn: Function, args: readonly unknown[] = []): Promise<unknown[]> {
  const none = Symbol("nothing thrown");
  return await Promise.all(
    carriers.map((carrier) =>
      carrier.run(fn, args).then(
        () => none,
        (error: unknown) => error,
      ),
    ),
  );
}

function lineOf(mark: string): number {
  return source.slice(0, source.indexOf(`/*${mark}*/`)).split("\n").length;
}

test("a built-in error keeps class, message, cause and own properties", async () => {
  const errors = await thrownBy(() => {
    throw Object.assign(new RangeError("too far", { cause: { limit: 3 } }), { code: "E_FAR", at: [1] });
  });
  for (const error of errors as any[]) {
    assert.equal(Object.getPrototypeOf(error), RangeError.prototype);
    assert.equal(error.message, "too far");
    assert.deepEqual([error.code, error.at, error.cause], ["E_FAR", [1], { limit: 3 }]);
    assert.ok(!Object.keys(error).includes("message"));
  }
});

test("an error of a class of the calling program is an instance of that very class", async () => {
  const errors = await thrownBy(() => {
    throw new OrderError("no stock", new Map([["apples", 0]]), { cause: new TypeError("inner") });
  });
  for (const error of errors) {
    assert.ok(error instanceof OrderError);
    assert.equal(error.name, "OrderError");
    assert.equal(error.items.get("apples"), 0);
    assert.ok(error.cause instanceof TypeError);
  }
});

test("an error of an imported class is an instance of it", async () => {
  for (const error of await thrownBy(() => fail("teapot"))) {
    assert.ok(error instanceof LibraryError);
    assert.deepEqual([error.message, error.status], ["teapot", 418]);
    assert.match(String(error.stack), /fixtures\/library\.ts:\d+:\d+/);
  }
});

test("the stack names the true file, line and column of a shipped function", async () => {
  const helper = (): never => {
    /*throw*/ throw new Error("here");
  };
  for (const error of await thrownBy(() => helper())) {
    const [frame] = /errors\.test\.ts:\d+:\d+/.exec((error as Error).stack!)!;
    const column = source.split("\n")[lineOf("throw") - 1]!.indexOf("new Error") + 1;
    assert.equal(frame, `errors.test.ts:${lineOf("throw")}:${column}`);
  }
});

test("the stack names the true line on a line with captured imports, and in functions that share variables", async () => {
  let n = 0;
  const bump = (): void => void n++;
  const check = (): void => {
    bump();
    /*shared*/ if (n > 0) throw new Error("n");
  };
  const fn = (): void => check();
  for (const error of await thrownBy(fn)) {
    const [frame] = /errors\.test\.ts:\d+/.exec((error as Error).stack!)!;
    assert.equal(frame, `errors.test.ts:${lineOf("shared")}`);
  }
});

test("what is thrown need not be an error", async () => {
  for (const value of ["text", 7, null, undefined, { code: 1 }]) {
    const thrown = await thrownBy(
      (v: unknown) => {
        throw v;
      },
      [value],
    );
    assert.deepEqual(thrown, [value, value]);
  }
});

test("an error with something that cannot travel arrives without it", async () => {
  const errors = await thrownBy(() => {
    throw Object.assign(new TypeError("busy", { cause: new Error("deep") }), {
      pending: Promise.resolve(),
      n: 1,
    });
  });
  for (const error of errors as any[]) {
    assert.equal(error.constructor, TypeError);
    assert.deepEqual([error.message, error.n, error.cause.message], ["busy", 1, "deep"]);
    assert.match(error.pending, /Promise/);
  }
});

test("Node's own errors and this package's keep their codes and classes", async () => {
  const [node, own] = [
    await thrownBy(async () => {
      const { readFile } = await import("node:fs/promises");
      await readFile("/does/not/exist");
    }),
    await thrownBy(async () => {
      const { ArgumentError: E } = await import("spool");
      throw new E("bad argument");
    }),
  ];
  for (const error of node as any[]) assert.deepEqual([error.code, error.syscall], ["ENOENT", "open"]);
  for (const error of own as any[]) {
    assert.ok(error instanceof ArgumentError);
    assert.equal(error.code, "INVALID_ARGUMENT");
  }
});

test("an AggregateError keeps its errors, a ring of causes ends", async () => {
  for (const error of (await thrownBy(() => {
    throw new AggregateError([new RangeError("one"), "two"], "all failed");
  })) as AggregateError[]) {
    assert.ok(error.errors[0] instanceof RangeError);
    assert.equal(error.errors[1], "two");
  }
  for (const error of (await thrownBy(() => {
    const ring = new Error("ring");
    ring.cause = ring;
    throw ring;
  })) as Error[])
    assert.equal(error.cause, error);
});

test("the place of submission follows the remote stack", () => {
  const callSite = new Error().stack!;
  const error = decodeError(structuredClone(encodeError(new Error("remote"))), callSite) as Error;
  const [remote, local] = error.stack!.split("--- submitted from ---");
  assert.match(remote!, /^Error: remote\n/);
  assert.match(local!, /errors\.test\.ts:\d+/);
});
