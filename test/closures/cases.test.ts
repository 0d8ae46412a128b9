import "../support/leaks.ts";
import { test } from "node:test";
import { cases, check } from "./cases.ts";
import { processCarrier, threadCarrier } from "./fixtures/carriers.ts";

for (const open of [threadCarrier, processCarrier]) {
  test(`every case, by ${open.name}`, async (t) => {
    const carrier = open();
    try {
      for (const item of cases)
        await t.test(`${item.group}: ${item.name}`, () => check(item, (fn, args) => carrier.run(fn, args)));
    } finally {
      await carrier.close();
    }
  });
}
