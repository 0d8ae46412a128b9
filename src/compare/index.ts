/**
 * compare - layer 7, public as `spool/compare`: which way of running it suits a piece of work. Runs the same function
 * serially, on the event loop, in threads and in processes, measures, classifies and recommends; `auto.map` picks
 * one without running anything twice. Imports the executors of the rooms below and their contract, nothing else.
 * Begin with compare.ts; the reasoning is in formulas.ts, classify.ts, confidence.ts and decide.ts (pure), the
 * measuring in measure/, the three faces of the answer in report/ (they return text and write nothing).
 */
export { compare } from "./compare.ts";
export type { CompareOptions, CompareStep } from "./settings.ts";
export { type AutoChoice, type AutoOptions, auto } from "./auto.ts";
export { type SerialFigures, classify } from "./classify.ts";
export { type Evidence, decide } from "./decide.ts";
export { renderTable, renderVerdict, type TableOptions } from "./report/table.ts";
export { renderHtml } from "./report/html.ts";
export { renderMarkdown } from "./report/markdown.ts";
export type {
  Choice,
  Classification,
  Comparison,
  Crossing,
  FunctionReference,
  Machine,
  Model,
  ModelKind,
  Phases,
  Recommendation,
  Row,
  Span,
  Spread,
  Unable,
  WorkClass,
} from "./types.ts";
