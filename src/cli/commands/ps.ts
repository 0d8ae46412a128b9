import { listProcesses, liveListText, type NodeProcess } from "../../profile/index.ts";
import { parseCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { showLiveTasks } from "./pstree.ts";

export const command: Command = {
  summary: "list the Node processes on this machine and how each can be looked into",
  help: `usage: spool ps [PID] [OPTIONS]

With a PID, lists the suspended async functions of that program, with the line of every await, as \`spool pstree PID\`
shows them in a tree.

  -j, --json            machine-readable output
      --heap-limit MB   with a PID: largest heap to read (default 50)

example: spool ps`,
  run(args) {
    if (args.some((arg) => /^\d+$/.test(arg))) return showLiveTasks(args, liveListText);
    const { values } = parseCommand(args, { json: { type: "boolean", short: "j" } });
    const list = listProcesses();
    process.stdout.write(values.json === true ? `${JSON.stringify(list, null, 2)}\n` : table(list));
    return Promise.resolve(0);
  },
};

/** Widths fit a terminal of 100 columns with some of the command to spare. */
function table(list: readonly NodeProcess[]): string {
  const head = ["PID", "NODE", "CPU", "RSS", "THREADS", "ATTACH", "COMMAND"];
  const rows = list.map((p) => [
    String(p.pid),
    p.version,
    `${(p.cpuShare * 100).toFixed(1)}%`,
    `${(p.rss / 1e6).toFixed(0)} MB`,
    String(p.threads),
    p.attach,
    p.argv.join(" ").slice(0, 120),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i < 5 && i !== 1 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}
