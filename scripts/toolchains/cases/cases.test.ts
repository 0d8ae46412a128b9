import { writeFileSync } from "node:fs";
import { runCases } from "./cases.ts";

declare function test(name: string, fn: () => Promise<void>, timeout: number): void;

test("the cases", async () => {
  writeFileSync(process.env["CASES_OUTPUT"]!, JSON.stringify(await runCases()));
}, 300_000);
