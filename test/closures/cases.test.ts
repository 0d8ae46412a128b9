import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { cases } from "./cases.ts";
import { processCarrier, threadCarrier } from "./fixtures/carriers.ts";

for (const open of [threadCarrier, processCarrier]) {
  test(`every case, by ${open.name}`, async (t) => {
    const carrier = open();
    try {
      for (const { group, name, make } of cases) {
        await t.test(`${group}: ${name}`, async () => {
          const { fn, args, result } = make();
          const got = await carrier.run(fn, args);
          if (typeof result === "function") assert.ok(await result(got), `got ${String(got)}`);
          else assert.deepStrictEqual(got, result);
        });
      }
    } finally {
      await carrier.close();
    }
  });
}
