import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import {
  readProcess,
  renderReport,
  sample,
  topScreen,
  TopState,
  nodeVersionOf,
} from "../../profile/index.ts";
import { integerOption, parseCommand, secondsOption } from "../args.ts";
import type { Command } from "../command.ts";
import { engineOptions, ENGINE_HELP, pidArgument } from "../profile-options.ts";
import { openScreen, type Screen } from "../screen.ts";
import { stopSignal, type StopSignal } from "../stop-signal.ts";

export const command: Command = {
  summary: "watch where a running Node process spends its time, function by function",
  help: `usage: spool top PID [OPTIONS]

  -r, --rate N        samples per second, 1 to 1000 (default 100)
  --delay SEC         seconds between refreshes (default 1)
  -s, --subprocesses  also every Node process that PID started
  --count N           end after N refreshes
${ENGINE_HELP}

keys: 1 2 3 4 sort by column, l lines, r reset, t threads, p processes,
      g garbage collection, s save a flame graph, ? help, q quit
example: spool top 4242`,
  async run(args) {
    const { values, positionals } = parseCommand(args, {
      rate: { type: "string", short: "r", default: "100" },
      delay: { type: "string", default: "1" },
      subprocesses: { type: "boolean", short: "s" },
      count: { type: "string" },
      pid: { type: "string", short: "p" },
      external: { type: "boolean" },
      inspector: { type: "boolean" },
      force: { type: "boolean" },
    });
    const pid = pidArgument(values.pid, positionals);
    const count = integerOption("--count", values.count, 1) ?? Infinity;
    const target = describeTarget(pid);
    const state = new TopState();
    const stop = stopSignal();
    const options = {
      rate: integerOption("--rate", values.rate, 1)!,
      every: secondsOption("--delay", values.delay)!,
      subprocesses: values.subprocesses === true,
      ...engineOptions(values),
      lines: true,
      signal: stop.signal,
    };
    let screen: Screen | undefined;
    try {
      let refreshes = 0;
      for await (const snapshot of sample(pid, options)) {
        screen ??= openScreen((key) => act(key, state, stop, () => show(screen!, state, target)));
        state.add(snapshot);
        show(screen, state, target);
        if (++refreshes >= count) break;
      }
    } finally {
      screen?.close();
      stop.dispose();
    }
    return 0;
  },
};

interface Target {
  readonly command: string;
  readonly nodeVersion: string;
  readonly pid: number;
}

function describeTarget(pid: number): Target {
  const { argv } = readProcess(pid);
  return { pid, command: shortCommand(argv), nodeVersion: nodeVersionOf(pid) ?? "?" };
}

/** Paths cut to their last parts, so that the script and its arguments are seen. */
function shortCommand(argv: readonly string[]): string {
  const words = argv.map((word) =>
    word.length > 30 && word.includes("/") ? word.split("/").slice(-2).join("/") : word,
  );
  return [basename(words[0] ?? ""), ...words.slice(1)].join(" ").slice(0, 60);
}

function show(screen: Screen, state: TopState, target: Target): void {
  const view = state.view(target);
  if (view !== undefined) screen.draw(topScreen(view, screen.width, screen.height));
}

/** What each key does; unknown ones do nothing. */
function act(key: string, state: TopState, stop: StopSignal, redraw: () => void): void {
  const sorts = { "1": "own%", "2": "total%", "3": "own", "4": "total" } as const;
  if (key in sorts) state.sort = sorts[key as keyof typeof sorts];
  else if (key === "l") state.lines = !state.lines;
  else if (key === "r") state.reset();
  else if (key === "t") state.showThreads = !state.showThreads;
  else if (key === "p") state.showProcesses = !state.showProcesses;
  else if (key === "g") state.showGc = !state.showGc;
  else if (key === "?" || key === "h") state.showHelp = true;
  else if (key === "x") state.showHelp = false;
  else if (key === "s") void save(state).then(redraw);
  else if (key === "q") stop.stop();
  redraw();
}

async function save(state: TopState): Promise<void> {
  const profile = state.profile();
  if (profile === undefined) return;
  const file = `spool-top-${Date.now()}.html`;
  writeFileSync(file, await renderReport(profile, "flame", { title: "spool top" }));
  state.message = `saved ${file}`;
}
