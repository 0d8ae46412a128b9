/** Columns of text, the numeric ones to the right. */
export function alignColumns(rows: readonly (readonly string[])[], left: ReadonlySet<number>): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (left.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join("");
}

const BARS = "▁▂▃▄▅▆▇█";

/** A line of numbers as a line of bars, squeezed into `width`; each bar shows the largest of its stretch. */
export function sparkline(values: readonly number[], width: number): string {
  const most = Math.max(...values, 1);
  const bars = Math.min(width, values.length);
  let text = "";
  for (let i = 0; i < bars; i++) {
    const from = Math.floor((i * values.length) / bars);
    const to = Math.max(from + 1, Math.floor(((i + 1) * values.length) / bars));
    const value = Math.max(...values.slice(from, to));
    text += BARS[Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))];
  }
  return text;
}
