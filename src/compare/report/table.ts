import type { Comparison, Crossing, Recommendation, Row } from "../types.ts";
import { bytes, duration, orDash, percent, times } from "./format.ts";

export interface TableOptions {
  /** Colours for a terminal; default none. */
  readonly color?: boolean;
  /** Bars beside the rows; default yes. */
  readonly bars?: boolean;
  /** Give no recommendation when the confidence is low. */
  readonly strict?: boolean;
}

/** The comparison as text: heading, one line per model with a bar of its wall time, crossing costs, recommendation. */
export function renderTable(comparison: Comparison, options: TableOptions = {}): string {
  const paint = options.color === true ? ansi : plain;
  const lines = [
    heading(comparison, paint),
    ...rowLines(comparison, options.bars !== false, paint),
    ...comparison.unable.map((u) => `  ${u.model.name}: cannot run this (${firstLine(u.reason)})`),
    ...crossingLine(comparison.crossings),
    ...comparison.notes.map((note) => `  note: ${note}`),
    ...closing(comparison.recommendation, options.strict === true, paint),
  ];
  return lines.join("\n");
}

/** The verdict in one line, for logs and the last line of a report. */
export function renderVerdict({ recommendation }: Comparison): string {
  const { model, speedup, reason } = recommendation;
  const gain = model.kind === "serial" ? "" : ` (${times(speedup)}x)`;
  return `-> ${model.name}${gain}. Why: ${reason}.`;
}

interface Paint {
  strong(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  faint(text: string): string;
}

const plain: Paint = { strong: same, good: same, warn: same, faint: same };
const ansi: Paint = {
  strong: (text) => `\x1b[1m${text}\x1b[22m`,
  good: (text) => `\x1b[1;36m${text}\x1b[0m`,
  warn: (text) => `\x1b[1;33m${text}\x1b[0m`,
  faint: (text) => `\x1b[2m${text}\x1b[22m`,
};

function same(text: string): string {
  return text;
}

function heading(c: Comparison, paint: Paint): string {
  const { label, loopBusy, cpuShare } = c.classification;
  const facts = `(loop busy ${percent(loopBusy)}, CPU ${percent(cpuShare)})`;
  return `${paint.strong(c.name)}: ${c.measured} inputs, ${duration(c.taskTime)} each -> ${paint.strong(label)}   ${facts}`;
}

const COLUMNS = [
  "model",
  "wall",
  "range",
  "x",
  "eff.",
  "CPU",
  "loop",
  "workers",
  "no core",
  "start",
  "memory",
];
const WIDEST_BAR = 24;

function rowLines(comparison: Comparison, bars: boolean, paint: Paint): string[] {
  const cells = comparison.rows.map(cellsOf);
  const widths = COLUMNS.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)));
  const pad = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  const slowest = Math.max(...comparison.rows.map((row) => row.wall.median));
  const lines = comparison.rows.map((row, i) => {
    const chosen = row.model.name === comparison.recommendation.model.name;
    const text = bars ? `${pad(cells[i]!)}  ${bar(row.wall.median / slowest)}` : pad(cells[i]!);
    return chosen ? paint.good(`> ${text}`) : `  ${text}`;
  });
  return [paint.faint(`  ${pad(COLUMNS)}`), ...lines];
}

function cellsOf(row: Row): string[] {
  return [
    row.model.name,
    duration(row.wall.median),
    `${duration(row.wall.min)}..${duration(row.wall.max)}`,
    times(row.speedup),
    orDash(row.efficiency, percent),
    orDash(row.cpu, duration),
    percent(row.mainLoop),
    orDash(row.workerLoop, percent),
    orDash(row.runQueueWait, percent),
    orDash(row.start, duration),
    orDash(row.memory, bytes),
  ];
}

function bar(share: number): string {
  return "#".repeat(Math.max(1, Math.round(share * WIDEST_BAR)));
}

function crossingLine(crossings: readonly Crossing[]): string[] {
  if (crossings.length === 0) return [];
  const costs = crossings.map((c) => `${c.kind} ${duration(c.perTask)}`).join(", ");
  const evens = crossings.filter((c) => c.breakEven !== null);
  const even = evens.map((c) => `${c.kind} ${duration(c.breakEven!)}`).join(", ");
  return [`  crossing per task: ${costs}${even === "" ? "" : `; a task pays off from: ${even}`}`];
}

function closing(recommendation: Recommendation, strict: boolean, paint: Paint): string[] {
  if (!strict || recommendation.confidence === "high") return recommendationLines(recommendation, paint);
  const reasons = recommendation.doubts.map((doubt) => `     ${paint.warn("doubt")}: ${doubt}`);
  return [`  -> ${paint.warn("no recommendation")}: these measurements do not carry one.`, ...reasons];
}

function recommendationLines(recommendation: Recommendation, paint: Paint): string[] {
  const { model, oneOff, warm, doubts, advice } = recommendation;
  const lines: string[] = [];
  const gain = model.kind === "serial" ? "" : ` (${times(recommendation.speedup)}x)`;
  const mark = recommendation.confidence === "low" ? ` ${paint.warn("[low confidence]")}` : "";
  lines.push(`  -> ${paint.good(model.name)}${gain}.${mark} Why: ${recommendation.reason}.`);
  if (oneOff.model.name !== warm.model.name)
    lines.push(
      `     For a single run, start-up counted: ${oneOff.model.name} (${duration(oneOff.total)}); with workers that live on: ${warm.model.name} (${duration(warm.total)}).`,
    );
  for (const doubt of doubts) lines.push(`     ${paint.warn("doubt")}: ${doubt}`);
  for (const text of advice) lines.push(`     also: ${text}`);
  return lines;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
