import type { Comparison } from "../types.ts";
import { duration, orDash, percent, times } from "./format.ts";
import { renderVerdict } from "./table.ts";

/** The comparison as a Markdown table, for logs and job summaries of continuous integration. */
export function renderMarkdown(comparison: Comparison): string {
  const { classification, recommendation } = comparison;
  const rows = comparison.rows.map((row) => {
    const mark = row.model.name === recommendation.model.name ? "**" : "";
    const range = `${duration(row.wall.min)} to ${duration(row.wall.max)}`;
    return `| ${mark}${row.model.name}${mark} | ${duration(row.wall.median)} | ${range} | ${times(row.speedup)} | ${orDash(row.efficiency, percent)} | ${orDash(row.runQueueWait, percent)} |`;
  });
  return [
    `### ${comparison.name}: ${classification.label}`,
    "",
    `${comparison.measured} inputs of ${duration(comparison.taskTime)}, ${comparison.repetitions} repetitions, ${comparison.machine.cores} cores, Node ${comparison.machine.node}`,
    "",
    "| model | wall | range | x | efficiency | no core |",
    "|---|---:|---:|---:|---:|---:|",
    ...rows,
    "",
    `confidence: ${recommendation.confidence}${recommendation.doubts.map((doubt) => `\n- ${doubt}`).join("")}`,
    ...comparison.notes.map((note) => `- ${note}`),
    "",
    renderVerdict(comparison),
  ].join("\n");
}
