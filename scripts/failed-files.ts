import type { TestEvent } from "node:test/reporters";

/** A node:test reporter that prints one JSON line at the end: counts, and the files in which something failed. */
export default async function* failedFiles(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failed = new Set<string>();
  let passed = 0;
  let failures = 0;
  for await (const event of source) {
    if (event.type === "test:pass" && event.data.details.type !== "suite") passed++;
    if (event.type !== "test:fail") continue;
    if (event.data.details.type !== "suite") failures++;
    if (event.data.file !== undefined) failed.add(event.data.file);
  }
  yield `${JSON.stringify({ passed, failures, failed: [...failed] })}\n`;
}
