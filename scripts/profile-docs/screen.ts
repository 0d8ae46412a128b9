import { execFile, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const PROGRAM = resolve("test/programs/profile-target.cjs");
const LOOKS = 300;

/** What `spool top` shows in a terminal of 110 columns (tmux) after some seconds, threads and help line included. */
export async function topScreen(): Promise<string> {
  const target = fork(PROGRAM, ["workers"], { stdio: ["ignore", "pipe", "ignore", "ipc"], execArgv: [] });
  const socket = `spool-docs-${process.pid}`;
  const tmux = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)("tmux", ["-L", socket, ...args])).stdout;
  try {
    await once(target.stdout!, "data");
    await tmux("new-session", "-d", "-s", "top", "-x", "110", "-y", "20", "env PS1='$ ' sh");
    const command = `${process.execPath} -C spool-source src/cli/main.ts top ${target.pid} --inspector`;
    await tmux("send-keys", "-t", "top", command, "Enter");
    await until(tmux, /hot \(/);
    await tmux("send-keys", "-t", "top", "3", "t");
    await until(tmux, /\*OwnTime[^]*hot \([^]*Threads: main[^]*gamma/);
    await sleep(4000);
    const screen = await tmux("capture-pane", "-p", "-t", "top");
    await tmux("send-keys", "-t", "top", "q");
    return `\`\`\`\n${screen.trimEnd()}\n\`\`\``;
  } finally {
    execFileSync("tmux", ["-L", socket, "kill-server"]);
    const exit = once(target, "exit");
    target.kill("SIGKILL");
    await exit;
  }
}

async function until(tmux: (...args: string[]) => Promise<string>, what: RegExp): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    if (what.test(await tmux("capture-pane", "-p", "-t", "top"))) return;
    await sleep(100);
  }
  throw new Error(`the terminal never showed ${what}`);
}
