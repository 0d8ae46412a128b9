import "../support/leaks.ts";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { CaptureError, packArguments, packResult, ship } from "spool/closures";
import { processCarrier, threadCarrier } from "./fixtures/carriers.ts";
import { type Refused, detachedArrow, hooks, open, refusals } from "./refusals.ts";

const file = `${import.meta.dirname}/refusals.ts`;
const source = readFileSync(file, "utf8");

before(open);
after(() => (hooks.early = null));

for (const refused of refusals) {
  test(`refused: ${refused.name}`, () => {
    const error = refusalOf(refused);
    assert.equal(error.code, refused.code);
    assert.equal(error.path, refused.path);
    assert.match(error.hint, refused.hint);
    if (refused.mark !== null) assert.equal(error.where, placeOf(refused.mark));
    else assert.match(String(error.where), /\/test\/closures\/refusals(\.test)?\.ts:\d+:\d+$/);
    for (const part of [error.path, String(error.where), `Fix: ${error.hint}`])
      assert.ok(error.message.includes(part), error.message);
  });
}

test("refused: `this` of an arrow whose method has returned", async () => {
  const fn = await detachedArrow();
  const error = caught(() => ship(fn, { to: "thread" }));
  assert.equal(error.code, "CAPTURE_THIS");
  assert.equal(error.where, placeOf("this"));
});

test("refused: a result that cannot travel", () => {
  const error = caught(() => packResult({ list: [Promise.resolve()] }, { to: "thread" }));
  assert.equal(error.code, "CAPTURE_UNCLONEABLE");
  assert.equal(error.path, "result -> .list -> [0]");
});

for (const carry of [threadCarrier, processCarrier]) {
  test(`what a helper cannot reach there throws when it is used, by ${carry.name}`, async () => {
    const carrier = carry();
    try {
      const handle = Promise.resolve();
      const helper = (): unknown => handle.then(() => 1);
      const error = await carrier.run(() => helper()).catch((e: unknown) => e);
      assert.ok(error instanceof CaptureError);
      assert.equal(error.code, "CAPTURE_UNCLONEABLE");
      assert.match(error.path, /captured variable `helper` -> captured variable `handle`$/);
    } finally {
      await carrier.close();
    }
  });
}

function refusalOf({ make, to = "thread" }: Refused): CaptureError {
  let early: CaptureError | undefined;
  hooks.early = (fn) => {
    early = caught(() => ship(fn, { to }));
  };
  const made = make();
  if (early !== undefined) return early;
  return caught(() => (typeof made === "function" ? ship(made, { to }) : packArguments(made, { to })));
}

function caught(fn: () => unknown): CaptureError {
  try {
    fn();
  } catch (error) {
    assert.ok(error instanceof CaptureError, String((error as Error).stack));
    return error;
  }
  assert.fail("nothing was refused");
}

function placeOf(mark: string): string {
  const text = `/*@${mark}*/`;
  const at = source.indexOf(text) + text.length;
  const start = at + /^\s*/.exec(source.slice(at))![0].length;
  const lines = source.slice(0, start).split("\n");
  return `${file}:${lines.length}:${lines.at(-1)!.length + 1}`;
}
