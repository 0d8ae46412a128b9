import type { TestEvent } from "node:test/reporters";

/** A node:test reporter that prints one JSON line at the end: how many tests passed and how many failed. */
export default async function* tally(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0;
  let failed = 0;
  for await (const event of source) {
    if (event.type === "test:pass" && event.data.details.type !== "suite") passed++;
    if (event.type === "test:fail" && event.data.details.type !== "suite") failed++;
  }
  yield `${JSON.stringify({ passed, failed })}\n`;
}
