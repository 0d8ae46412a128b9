import { formatBytes } from "../format.ts";
import type { MemoryProfile, MemoryThread } from "../profile-file.ts";
import { allocationsIn, memoryRows, memoryThreadLabel } from "../views.ts";
import { labelOf } from "../../reporters/label.ts";

const WIDTH = 900;
const HEIGHT = 220;
const ROWS = 25;

/** Memory over time as one HTML page that needs nothing else: the curve, and who held what at each checkpoint. */
export function memoryTimelinePage(profile: MemoryProfile): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Memory over time: ${escape(profile.command)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 60rem; padding: 0 1rem; }
svg { width: 100%; height: auto; background: color-mix(in srgb, currentColor 4%, transparent); }
.heap { stroke: #0072b2; } .rss { stroke: #999; stroke-dasharray: 6 4; } .off { stroke: #e69f00; stroke-dasharray: 2 3; }
path { fill: none; stroke-width: 2; } line { stroke: #d55e00; stroke-dasharray: 3 3; } text { fill: currentColor; font-size: 12px; }
table { border-collapse: collapse; } td, th { padding: 1px 12px 1px 0; text-align: right; } td:last-child, th:last-child { text-align: left; }
summary { cursor: pointer; margin: .4rem 0; }
</style>
</head>
<body>
<h1>Memory over time</h1>
<p>${escape(profile.command)}, ${profile.duration.toFixed(1)} s. Heap (blue, solid) with garbage not yet collected; ArrayBuffers where Node
tells (orange, dotted); the whole process (grey, dashed). Vertical lines are checkpoints.</p>
${profile.threads.map((thread) => section(profile, thread)).join("\n")}
</body>
</html>
`;
}

function section(profile: MemoryProfile, thread: MemoryThread): string {
  return `<h2>${escape(memoryThreadLabel(thread))}</h2>
${chart(profile, thread)}
${thread.checkpoints.map((checkpoint, i) => details(profile, thread, i, checkpoint.kind)).join("\n")}`;
}

function chart(profile: MemoryProfile, thread: MemoryThread): string {
  const most = Math.max(1, ...thread.timeline.map((point) => point.rss));
  const x = (time: number): string => ((time / Math.max(profile.duration, 0.001)) * WIDTH).toFixed(1);
  const y = (bytes: number): string => (HEIGHT - (bytes / most) * (HEIGHT - 20)).toFixed(1);
  const line = (of: "heapUsed" | "rss" | "offHeap", name: string): string => {
    const points = thread.timeline.map((point) => `${x(point.time)} ${y(point[of])}`);
    return points.length === 0 ? "" : `<path class="${name}" d="M${points.join("L")}"/>`;
  };
  const marks = thread.checkpoints.map(
    ({ time, kind }) =>
      `<line x1="${x(time)}" x2="${x(time)}" y1="0" y2="${HEIGHT}"><title>${kind} at ${time.toFixed(1)} s</title></line>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Memory over time, up to ${formatBytes(most)}">
${marks.join("")}${line("rss", "rss")}${line("offHeap", "off")}${line("heapUsed", "heap")}
<text x="4" y="14">${formatBytes(most)}</text>
</svg>`;
}

function details(profile: MemoryProfile, thread: MemoryThread, index: number, kind: string): string {
  const checkpoint = thread.checkpoints[index]!;
  const rows = memoryRows(allocationsIn(profile, thread, checkpoint)).slice(0, ROWS);
  const open = index === thread.checkpoints.length - 1 ? " open" : "";
  const cells = rows
    .filter((row) => row.own > 0)
    .map(
      (row) =>
        `<tr><td>${formatBytes(row.own)}</td><td>${formatBytes(row.total)}</td><td>${escape(labelOf(row.frame))}</td></tr>`,
    );
  return `<details${open}><summary>${kind} at ${checkpoint.time.toFixed(1)} s</summary>
<table><tr><th>Own</th><th>Total</th><th>Function</th></tr>${cells.join("")}</table></details>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
