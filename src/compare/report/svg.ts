/** The few things that every chart of the report needs. Colours come from the page's style sheet, by class. */

export const WIDTH = 720;
/** Room for the names of the models at the left of a horizontal chart. */
export const LABELS = 150;

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A chart with a title that screen readers say; its text scales with the page, not with the window. */
export function svg(height: number, title: string, body: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${round(height)}" role="img" aria-label="${escape(title)}" xmlns="http://www.w3.org/2000/svg">${body}</svg>`;
}

export function text(x: number, y: number, content: string, cls = "", anchor = "start"): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${cls}" text-anchor="${anchor}">${escape(content)}</text>`;
}

export function rect(x: number, y: number, width: number, height: number, cls: string, tip?: string): string {
  const title = tip === undefined ? "" : `<title>${escape(tip)}</title>`;
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(width, 0.5))}" height="${round(height)}" class="${cls}">${title}</rect>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, cls: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${cls}"/>`;
}

export function polyline(points: readonly (readonly [number, number])[], cls: string): string {
  return `<polyline points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ")}" class="${cls}"/>`;
}

export type Shape = "circle" | "square" | "triangle";

/** A marker whose shape tells the series apart where colour does not. */
export function marker(x: number, y: number, shape: Shape, cls: string, tip: string): string {
  const title = `<title>${escape(tip)}</title>`;
  const [cx, cy] = [round(x), round(y)];
  if (shape === "circle") return `<circle cx="${cx}" cy="${cy}" r="5" class="${cls}">${title}</circle>`;
  if (shape === "square") return rect(x - 4.5, y - 4.5, 9, 9, cls, tip);
  const corners = `${cx},${round(y - 6)} ${round(x - 5.5)},${round(y + 4.5)} ${round(x + 5.5)},${round(y + 4.5)}`;
  return `<polygon points="${corners}" class="${cls}">${title}</polygon>`;
}

/** About `count` round numbers from 0 to at least `max`. */
export function ticks(max: number, count = 5): number[] {
  const rough = max / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * magnitude).find((s) => s >= rough)!;
  return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, i) => i * step);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
