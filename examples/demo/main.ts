/**
 * `npm run demo`: three kinds of real work, each under every model; three tables, three recommendations, one page
 * with charts. No network: the text is what npm installed, the server runs on the loopback.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CompareStep, type Comparison, compare, renderHtml, renderTable } from "spool/compare";
import { sourceFiles } from "./files.ts";
import { analysePage } from "./pages.ts";
import { requestStatus } from "./requests.ts";
import { analyseFile } from "./text.ts";

const REPORT = join(import.meta.dirname, "report.html");
/** Seconds for each of the three comparisons. */
const BUDGET = 12;
const REPETITIONS = 4;
const REQUESTS = 64;
const PAGES = 64;
/** Source files in one page: rather more computing than the server lets one wait, so that one loop cannot hide it. */
const FILES_PER_PAGE = 8;

const started = performance.now();
const files = sourceFiles(join(import.meta.dirname, "../../node_modules"));
const server = fork(
  join(import.meta.dirname, "server.ts"),
  [String(FILES_PER_PAGE), ...files.slice(0, PAGES * FILES_PER_PAGE)],
  { execArgv: [] },
);
try {
  const origin = `http://127.0.0.1:${await portOf(server)}`;
  const requests = Array.from({ length: REQUESTS }, (_, i) => `${origin}/status/${i}`);
  const pages = Array.from({ length: PAGES }, (_, i) => `${origin}/page/${i}`);
  const results = [
    await show("text: tokenise, count and compress source files", analyseFile, files),
    await show("requests: ask a server that answers after 10 ms", requestStatus, requests),
    await show("pages: fetch sources from that server, then tokenise them", analysePage, pages),
  ];
  writeFileSync(REPORT, renderHtml(results, "Which model for which work?"));
  console.log(`Charts: ${REPORT}`);
  console.log(`Took ${Math.round((performance.now() - started) / 1000)} s.`);
} finally {
  server.disconnect();
}

async function show<T>(name: string, fn: (input: T) => unknown, inputs: readonly T[]): Promise<Comparison> {
  const comparison = await compare(fn, inputs, {
    name,
    budget: BUDGET,
    repetitions: REPETITIONS,
    onProgress: drawStep,
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  console.log(`${renderTable(comparison, { color: process.stdout.isTTY === true })}\n`);
  return comparison;
}

function drawStep({ model, round, repetitions }: CompareStep): void {
  if (!process.stderr.isTTY) return;
  const what = round === 0 ? "warming up" : `repetition ${round} of ${repetitions}`;
  process.stderr.write(`\r\x1b[2K  ${model}: ${what}`);
}

async function portOf(child: ChildProcess): Promise<number> {
  const [port] = (await once(child, "message")) as [number];
  return port;
}
