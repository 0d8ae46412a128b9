import type { Comparison, Row } from "../types.ts";
import { phaseChart, speedupChart, timelineChart, wallChart } from "./charts.ts";
import { bytes, duration, orDash, percent, times } from "./format.ts";
import { STYLE } from "./style.ts";
import { escape } from "./svg.ts";

/** One self-contained page for any number of comparisons: no scripts, nothing loaded from anywhere. */
export function renderHtml(comparisons: readonly Comparison[], title = "spool compare"): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${comparisons.map(section).join("\n")}
${machineLine(comparisons[0])}
</main>
</body>
</html>
`;
}

function section(c: Comparison): string {
  const { classification } = c;
  return `<section>
<h2>${escape(c.name)} <small>${escape(classification.label)}</small></h2>
<p class="facts">${c.measured} inputs, ${duration(c.taskTime)} each, ${c.repetitions} repetitions; event loop busy ${percent(classification.loopBusy)}, CPU ${percent(classification.cpuShare)}.</p>
${verdict(c)}
${figure("Wall time", "Bar: median. Line: range over the repetitions.", wallChart(c))}
${figure("Speed-up", "Both axes in doublings; the dashed line is a perfect gain.", speedupChart(c))}
${figure("One task", "Mean time per task; time spent queued is in the table.", phaseChart(c))}
${timelines(c)}
${table(c)}
</section>`;
}

function verdict({ recommendation: r, notes, unable }: Comparison): string {
  const gain = r.model.kind === "serial" ? "" : ` <span class="gain">${times(r.speedup)}x</span>`;
  const both =
    r.oneOff.model.name === r.warm.model.name
      ? ""
      : `<p>For a single run, start-up counted: <b>${escape(r.oneOff.model.name)}</b> (${duration(r.oneOff.total)}). With workers that live on: <b>${escape(r.warm.model.name)}</b> (${duration(r.warm.total)}).</p>`;
  const doubts =
    r.confidence === "high" ? "" : `<div class="low"><b>Low confidence.</b> ${list(r.doubts)}</div>`;
  const cannot = unable.map((u) => `${u.model.name} cannot run this: ${u.reason}`);
  return `<div class="verdict"><p class="answer">→ ${escape(r.model.name)}${gain}</p><p>Why: ${escape(r.reason)}.</p>${both}${doubts}${list(r.advice)}${list([...notes, ...cannot])}</div>`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "" : `<ul>${items.map((item) => `<li>${escape(item)}</li>`).join("")}</ul>`;
}

function figure(title: string, caption: string, chart: string): string {
  return `<figure><figcaption><b>${escape(title)}.</b> ${escape(caption)}</figcaption>${chart}</figure>`;
}

/** The fastest row of each kind that has workers or overlaps tasks, and the serial one for comparison. */
function timelines({ rows }: Comparison): string {
  const best = new Map<string, Row>();
  for (const row of rows) {
    const known = best.get(row.model.kind);
    if (known === undefined || row.wall.median < known.wall.median) best.set(row.model.kind, row);
  }
  const charts = [...best.values()]
    .filter((row) => row.timeline.length > 0)
    .map((row) => `<h3>${escape(row.model.name)}</h3>${timelineChart(row)}`);
  return `<figure><figcaption><b>Timeline.</b> Every task of one repetition, on the worker that ran it.</figcaption>${charts.join("")}</figure>`;
}

const HEAD =
  "model|wall|range|speed-up|efficiency|CPU|main loop|worker loops|no core|start|memory|send|queue|compute|receive";

function table({ rows }: Comparison): string {
  const head = HEAD.split("|").map((title) => `<th scope="col">${title}</th>`);
  const body = rows.map((row) => {
    const cells = [
      duration(row.wall.median),
      `${duration(row.wall.min)} to ${duration(row.wall.max)}`,
      `${times(row.speedup)}x`,
      orDash(row.efficiency, percent),
      orDash(row.cpu, duration),
      percent(row.mainLoop),
      orDash(row.workerLoop, percent),
      orDash(row.runQueueWait, percent),
      orDash(row.start, duration),
      orDash(row.memory, bytes),
      duration(row.phases.send),
      duration(row.phases.wait),
      duration(row.phases.compute),
      duration(row.phases.receive),
    ];
    return `<tr><th scope="row">${escape(row.model.name)}</th>${cells.map((c) => `<td>${escape(c)}</td>`).join("")}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

function machineLine(c: Comparison | undefined): string {
  if (c === undefined) return "";
  const { cores, cpu, node, platform } = c.machine;
  return `<footer>${cores} cores (${escape(cpu)}), Node ${escape(node)}, ${escape(platform)}</footer>`;
}
