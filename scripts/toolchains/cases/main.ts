import { runCases } from "./cases.ts";

/** The entry file of a program: it must never run a second time in a worker. */
void runCases().then((report) => {
  console.log(`CASES ${JSON.stringify(report)}`);
});
