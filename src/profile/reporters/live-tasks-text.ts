import { relative } from "node:path";
import type { LiveTask } from "../tasks/live-tasks.ts";

/** The await tree as indented text: who waits, where, and for whom. */
export function liveTreeText(tasks: readonly LiveTask[], cwd: string = process.cwd()): string {
  const lines: string[] = [];
  for (const task of tasks) render(task, "", "", new Set(), lines, cwd);
  return lines.length === 0 ? "no async function of this program is waiting\n" : `${lines.join("\n")}\n`;
}

/** One line per suspended function. */
export function liveListText(tasks: readonly LiveTask[], cwd: string = process.cwd()): string {
  const all = new Set<LiveTask>();
  const visit = (task: LiveTask): void => {
    if (all.has(task)) return;
    all.add(task);
    task.awaits.forEach(visit);
  };
  tasks.forEach(visit);
  const rows = [["FUNCTION", "AWAITS AT", "SOURCE"]];
  for (const task of all) rows.push([task.name, place(task, cwd), task.source]);
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  return `${rows.map(([a, b, c]) => `${a!.padEnd(widths[0]!)}  ${b!.padEnd(widths[1]!)}  ${c}`.trimEnd()).join("\n")}\n`;
}

function render(
  task: LiveTask,
  first: string,
  rest: string,
  above: Set<LiveTask>,
  lines: string[],
  cwd: string,
): void {
  lines.push(`${first}${task.name} (${place(task, cwd)})  ${task.source}`.trimEnd());
  if (above.has(task)) return;
  above.add(task);
  task.awaits.forEach((child, i) => {
    const last = i === task.awaits.length - 1;
    render(child, `${rest}${last ? "└─ " : "├─ "}`, `${rest}${last ? "   " : "│  "}`, above, lines, cwd);
  });
  above.delete(task);
}

function place(task: LiveTask, cwd: string): string {
  const short = relative(cwd, task.file);
  return `${short.startsWith("..") ? task.file : short}:${task.line}:${task.column}`;
}
