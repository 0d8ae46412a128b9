import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Comparison, classify, decide, renderHtml, renderMarkdown, renderTable } from "spool/compare";
import { row } from "./rows.ts";

function comparison(extra: Partial<Comparison> = {}): Comparison {
  const rows = [
    row("serial", 0.648, { serial: 0.648, mainLoop: 0.01, cpu: 0.005 }),
    row("event-loop", 0.0204, { serial: 0.648, concurrency: 32, cpu: 0.0009 }),
    row("threads", 0.165, { serial: 0.648, workers: 4, start: 0.106 }),
  ];
  const classification = classify({ wall: 1, cpu: 0.01, loopActive: 0.01, runQueueWait: 0 });
  const crossings = [{ kind: "threads" as const, perTask: 147e-6, breakEven: 2.1e-3, chunkSize: 1 }];
  return {
    name: "io",
    inputs: 64,
    measured: 64,
    repetitions: 5,
    taskTime: 0.0101,
    classification,
    rows,
    unable: [],
    crossings,
    recommendation: decide({
      classification,
      rows,
      crossings,
      inputs: 64,
      measured: 64,
      taskTime: 0.0101,
      cores: 4,
    }),
    resultsEqual: true,
    notes: [],
    machine: { cores: 4, cpu: "Test CPU", node: "v24.0.0", platform: "linux x64" },
    ...extra,
  };
}

test("the table, as a whole", () => {
  assert.equal(
    `\n${renderTable(comparison())}\n`,
    `
io: 64 inputs, 10.1 ms each -> async I/O-bound   (loop busy 1 %, CPU 1 %)
  model              wall           range     x  eff.     CPU  loop  workers  no core   start   memory
  serial           648 ms  635 ms..661 ms   1.0     -    5 ms   1 %        -      0 %       -        -  ########################
> event loop x32  20.4 ms  20 ms..20.8 ms  31.8     -  900 µs  50 %        -      0 %       -        -  #
  threads x4       165 ms  162 ms..168 ms   3.9  98 %  100 ms  50 %     50 %      0 %  106 ms  30.5 MB  ######
  crossing per task: threads 147 µs; a task pays off from: threads 2.1 ms
  -> event loop x32 (31.8x). Why: the loop is idle 99 % of the time.
`,
  );
});

test("bars keep the ratio of the walls", () => {
  const lengths = renderTable(comparison())
    .split("\n")
    .map((line) => /#+$/.exec(line)?.[0].length)
    .filter((length) => length !== undefined);
  assert.deepEqual(lengths, [24, Math.round((24 * 0.0204) / 0.648), Math.round((24 * 0.165) / 0.648)]);
});

test("low confidence is marked with its figures; strict holds the recommendation back", () => {
  const calm = comparison();
  const recommendation = {
    ...calm.recommendation,
    confidence: "low" as const,
    doubts: ["serial: waited for a core 18 % of the time (limit 5 %)"],
  };
  const unsure = comparison({ recommendation });
  assert.match(renderTable(unsure), /-> event loop x32 \(31\.8x\)\. \[low confidence\]/);
  assert.match(renderTable(unsure), /doubt: serial: waited for a core 18 %/);
  const strict = renderTable(unsure, { strict: true });
  assert.match(strict, /-> no recommendation/);
  assert.match(strict, /waited for a core 18 %/);
  assert.doesNotMatch(strict, /-> event loop/);
  assert.match(renderTable(calm, { strict: true }), /-> event loop x32/);
});

test("one run and a living pool are told apart when they differ", () => {
  const calm = comparison();
  const oneOff = { model: calm.rows[0]!.model, total: 0.648 };
  const text = renderTable(comparison({ recommendation: { ...calm.recommendation, oneOff } }));
  assert.match(
    text,
    /For a single run, start-up counted: serial \(648 ms\); with workers that live on: event loop x32/,
  );
});

test("colours only where they are asked for", () => {
  assert.ok(!renderTable(comparison()).includes("\x1b"));
  assert.ok(renderTable(comparison(), { color: true }).includes("\x1b[1;36m> event loop x32"));
});

test("Markdown has one line per model, the recommended one in bold, and the verdict last", () => {
  const lines = renderMarkdown(comparison()).split("\n");
  assert.equal(lines.filter((line) => line.startsWith("| ") && !line.startsWith("| model")).length, 3);
  assert.ok(lines.includes("| **event loop x32** | 20.4 ms | 20 ms to 20.8 ms | 31.8 | - | 0 % |"));
  assert.equal(lines.at(-1), "-> event loop x32 (31.8x). Why: the loop is idle 99 % of the time.");
});

test("the page is one self-contained document with every chart and every figure", () => {
  const html = renderHtml([comparison(), comparison({ name: "second" })], "Report");
  assert.match(html, /^<!doctype html>/);
  assert.doesNotMatch(html, /<script|<link|src=|@import|url\(|https?:\/\/(?!www\.w3\.org)/, "loads nothing");
  assert.equal(html.match(/<section>/g)!.length, 2);
  for (const title of ["Wall time", "Speed-up", "One task", "Timeline"])
    assert.equal(html.match(new RegExp(`<b>${title}\\.</b>`, "g"))!.length, 2, title);
  for (const svg of html.matchAll(/<svg[^>]*>/g)) assert.match(svg[0], /role="img" aria-label="[^"]+"/);
  assert.match(html, /prefers-color-scheme: dark/);
  assert.equal(html.match(/<tr>/g)!.length, 2 * (1 + 3));
  for (const open of ["svg", "figure", "section", "table", "ul", "div"])
    assert.equal(html.split(`<${open}`).length, html.split(`</${open}>`).length, `<${open}> is closed`);
});

test("names from the user's program cannot break the page", () => {
  const html = renderHtml([comparison({ name: `<script>alert("x")</script> & 'co'` })]);
  assert.doesNotMatch(html, /<script>/);
  assert.match(html, /&#60;script&#62;/);
});

test("points of the speed-up curve lie where the figures say: twice the gain, one doubling higher", () => {
  const rows = [
    row("serial", 1),
    row("threads", 1, { workers: 1 }),
    row("threads", 0.5, { workers: 2 }),
    row("threads", 0.25, { workers: 4 }),
  ];
  const html = renderHtml([comparison({ rows })]);
  const points = /<polyline points="([^"]+)" class="curve stroke-threads"/.exec(html)![1]!;
  const [a, b, c] = points.split(" ").map((point) => point.split(",").map(Number)) as [
    number[],
    number[],
    number[],
  ];
  const near = (x: number, y: number): void => assert.ok(Math.abs(x - y) < 0.1, `${x} and ${y}`);
  near(b[0]! - a[0]!, c[0]! - b[0]!);
  near(a[1]! - b[1]!, b[1]! - c[1]!);
  assert.ok(b[1]! < a[1]!, "up is smaller in SVG");
});
