import type { Comparison, ModelKind, Row } from "../types.ts";
import { duration, percent, times } from "./format.ts";
import { LABELS, type Shape, WIDTH, line, marker, polyline, rect, svg, text, ticks } from "./svg.ts";

const ROW = 26;
const BAR = 16;
const VALUES = 130;

/** Wall time per model: bar = median, whisker = range over the repetitions. */
export function wallChart({ rows, recommendation }: Comparison): string {
  const scale = (WIDTH - LABELS - VALUES) / Math.max(...rows.map((row) => row.wall.max));
  const body = rows.map((row, i) => {
    const y = i * ROW + 6;
    const middle = y + BAR / 2;
    const { median, min, max } = row.wall;
    const chosen = row.model.name === recommendation.model.name;
    const name = chosen ? `▶ ${row.model.name}` : row.model.name;
    return [
      text(LABELS - 8, middle + 4, name, chosen ? "strong" : "", "end"),
      rect(
        LABELS,
        y,
        median * scale,
        BAR,
        `fill-${row.model.kind}`,
        `${row.model.name}: ${duration(median)}`,
      ),
      line(LABELS + min * scale, middle, LABELS + max * scale, middle, "whisker"),
      text(LABELS + max * scale + 8, middle + 4, `${duration(median)}  ${times(row.speedup)}x`),
    ].join("");
  });
  return svg(rows.length * ROW + 10, "Wall time of each model, median and range", body.join(""));
}

interface Series {
  readonly kind: ModelKind;
  readonly name: string;
  readonly shape: Shape;
  readonly points: readonly (readonly [size: number, row: Row])[];
}

/** Speed-up over workers (or tasks in flight), both axes by doublings, with the straight line of a perfect gain. */
export function speedupChart({ rows }: Comparison): string {
  const series = seriesOf(rows);
  const sizes = [...new Set(series.flatMap((s) => s.points.map(([size]) => size)))].sort((a, b) => a - b);
  const largest = Math.log2(Math.max(2, ...sizes));
  const most = Math.max(1, Math.log2(Math.max(2, ...rows.map((row) => row.speedup))) + 0.3);
  const least = Math.min(0, Math.log2(Math.min(...rows.map((row) => row.speedup))) - 0.2);
  const [left, right, top, bottom] = [56, WIDTH - 130, 14, 250];
  const x = (size: number): number => left + (Math.log2(size) / largest) * (right - left);
  const y = (gain: number): number =>
    bottom - ((Math.log2(Math.max(gain, 1e-6)) - least) / (most - least)) * (bottom - top);
  const gains = Array.from(
    { length: Math.floor(most) - Math.ceil(least) + 1 },
    (_, i) => Math.ceil(least) + i,
  );
  const grid = gains.map(
    (power) =>
      line(left, y(2 ** power), right, y(2 ** power), "grid") +
      text(left - 8, y(2 ** power) + 4, `${2 ** power}x`, "", "end"),
  );
  const axis = sizes.map((size) => text(x(size), bottom + 18, String(size), "", "middle"));
  const ideal = Math.min(largest, most);
  return svg(
    bottom + 44,
    "Speed-up over the serial run by number of workers or tasks in flight",
    [
      ...grid,
      ...axis,
      text(
        (left + right) / 2,
        bottom + 38,
        "workers, or tasks in flight on the event loop",
        "faint",
        "middle",
      ),
      line(x(1), y(1), x(2 ** ideal), y(2 ** ideal), "ideal"),
      ...series.map((s) => seriesLine(s, x, y)),
      ...legend(series, right + 14, top + 10),
    ].join(""),
  );
}

function seriesOf(rows: readonly Row[]): Series[] {
  const wanted = [
    ["event-loop", "event loop", "circle"],
    ["threads", "threads", "square"],
    ["processes", "processes", "triangle"],
  ] as const;
  return wanted
    .map(([kind, name, shape]) => ({
      kind,
      name,
      shape,
      points: rows
        .filter((row) => row.model.kind === kind)
        .map((row) => [kind === "event-loop" ? row.model.concurrency : row.model.workers, row] as const)
        .sort((a, b) => a[0] - b[0]),
    }))
    .filter((series) => series.points.length > 0);
}

function seriesLine(series: Series, x: (n: number) => number, y: (n: number) => number): string {
  const points = series.points.map(([size, row]) => [x(size), y(row.speedup)] as const);
  const markers = series.points.map(([size, row], i) => {
    const tip = `${row.model.name}: ${times(row.speedup)}x`;
    return marker(points[i]![0], points[i]![1], series.shape, `fill-${series.kind}`, `${tip} (${size})`);
  });
  return polyline(points, `curve stroke-${series.kind}`) + markers.join("");
}

function legend(series: readonly Series[], x: number, y: number): string[] {
  const entries = series.map(
    (s, i) => marker(x, y + i * 22 - 4, s.shape, `fill-${s.kind}`, s.name) + text(x + 14, y + i * 22, s.name),
  );
  const last = y + series.length * 22;
  return [...entries, line(x - 6, last - 4, x + 8, last - 4, "ideal"), text(x + 14, last, "perfect")];
}

const PHASES = [
  ["send", "send"],
  ["compute", "in the function"],
  ["receive", "receive"],
] as const;

/** Where one task's time goes in each model. Time in the queue is a figure, not a bar: it only says how many wait. */
export function phaseChart({ rows }: Comparison): string {
  const totals = rows.map(({ phases }) => phases.send + phases.compute + phases.receive);
  const scale = (WIDTH - LABELS - VALUES - 20) / Math.max(...totals, 1e-9);
  const bars = rows.map((row, i) => {
    const y = i * ROW + 30;
    let x = LABELS;
    const parts = PHASES.map(([key, label]) => {
      const width = row.phases[key] * scale;
      const part = rect(x, y, width, BAR, `phase-${key}`, `${label}: ${duration(row.phases[key])}`);
      x += width;
      return part;
    });
    const overhead = row.overhead === null ? "" : `, overhead ${percent(row.overhead)}`;
    return [
      text(LABELS - 8, y + BAR / 2 + 4, row.model.name, "", "end"),
      ...parts,
      text(x + 8, y + BAR / 2 + 4, `${duration(totals[i]!)}${overhead}`),
    ].join("");
  });
  const keys = PHASES.map(
    ([key, label], i) =>
      rect(LABELS + i * 140, 6, 12, 12, `phase-${key}`) + text(LABELS + i * 140 + 18, 16, label),
  );
  return svg(
    rows.length * ROW + 36,
    "Time per task: sending, in the function, receiving",
    [...keys, ...bars].join(""),
  );
}

/** A chart with more tasks than this per row is a block of colour that only makes the file large. */
const MOST_SPANS = 1500;

/** Which worker ran what when, one lane per worker, in the repetition nearest to the median. */
export function timelineChart(row: Row): string {
  const spans = row.timeline.slice(0, MOST_SPANS);
  const lanes = Math.max(0, ...spans.map((span) => span.worker)) + 1;
  const end = Math.max(...spans.map((span) => span.end), row.wall.median);
  const scale = (WIDTH - LABELS - 20) / end;
  const height = lanes * 22;
  const turn = new Map<number, number>();
  const bars = spans.map((span) => {
    const nth = turn.get(span.worker) ?? 0;
    turn.set(span.worker, nth + 1);
    const tip = `${duration(span.start)} to ${duration(span.end)}`;
    const cls = `${row.model.concurrency > 1 ? "overlap" : nth % 2 === 0 ? "even" : "odd"} fill-${row.model.kind}`;
    return rect(
      LABELS + span.start * scale,
      span.worker * 22 + 3,
      (span.end - span.start) * scale,
      16,
      cls,
      tip,
    );
  });
  const names = Array.from({ length: lanes }, (_, lane) => {
    const name = lanes === 1 ? row.model.name : `worker ${lane + 1}`;
    return text(LABELS - 8, lane * 22 + 15, name, "", "end");
  });
  const axis = ticks(end).map(
    (time) =>
      line(LABELS + time * scale, 0, LABELS + time * scale, height + 4, "grid") +
      text(LABELS + time * scale, height + 18, time === 0 ? "0" : duration(time), "faint", "middle"),
  );
  return svg(height + 26, `Tasks over time: ${row.model.name}`, [...axis, ...names, ...bars].join(""));
}
