import { UsageError } from "../../core/index.ts";
import type { Command } from "../command.ts";

const HELP = `usage: spool mem COMMAND ...

Records who allocates memory and who keeps it, and reports on it.

  run SCRIPT [ARGS...]     run a program and record all its processes and threads
  run -- COMMAND [ARGS...] the same for any command that starts Node
  attach PID               record a running process, until -d SECONDS, Ctrl-C or \`spool mem detach PID\`
  live PID                 watch a running process in the terminal
  detach PID               end the recording that another terminal began with \`attach\`

  flamegraph FILE          a flame graph, one HTML file        leaks FILE      what grew and stayed
  table FILE               bytes by function                   temporal FILE   memory over time, one HTML file
  tree FILE                bytes by call tree                  diff A B        what changed from A to B
  summary FILE             bytes by function with callees      transform FILE  for DevTools, speedscope, pprof, ...
  stats FILE               the figures of a recording

recording (run, attach):
  -o, --output FILE        where to (default spool-mem-NAME.json.gz); -f, --force overwrites
  --interval SIZE          bytes between samples (run: 32 KiB, attach: 512 KiB); smaller sees more and costs more
  --total                  count all that is allocated, freed or not, instead of what is alive
  --off-heap, --no-off-heap  note who allocates ArrayBuffers and Buffers (run: yes; attach: no, it wraps their
                           constructors in the target meanwhile)
  -d, --duration SECONDS   attach: end after this long       -s, --subprocesses   attach: child processes too
  --live                   run, attach: show a live table    -q, --quiet          say nothing

reports:
  --peak | --end | --leaks what was alive at the peak (default), at the end, or grew in the second half
  --thread N               only this thread (0 is main)        --pid N    only this process
  -n, --rows N             how many rows                       --sort own|total (summary)
  -b, --biggest N          tree: stacks of the N biggest       --json     as data (table, summary, stats, leaks, diff)
  -o, --output FILE        flamegraph, temporal, transform     --by-thread  threads apart (flamegraph, tree)
  --format F               transform: heapprofile, speedscope, folded, pprof, csv
  --html FILE              diff: a flame graph coloured by the change

  spool mem run app.ts && spool mem flamegraph spool-mem-app.ts.json.gz
  spool mem attach 4242 -d 60 -o leak.json.gz && spool mem leaks leak.json.gz`;

const PARTS: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<number>>>> = {
  run: async () => (await import("../mem/run.ts")).run,
  attach: async () => (await import("../mem/attach.ts")).attach,
  live: async () => (await import("../mem/live.ts")).live,
  detach: async () => (await import("../mem/detach.ts")).detach,
};
const REPORTS = ["flamegraph", "table", "tree", "summary", "stats", "leaks", "temporal", "diff", "transform"];

export const command: Command = {
  summary: "who holds memory: record a program or a running process, and report",
  help: HELP,
  async run(args) {
    const [name, ...rest] = args;
    if (name === undefined) throw new UsageError("name what to do, such as `spool mem run app.ts`");
    if (Object.hasOwn(PARTS, name)) return (await PARTS[name]!())(rest);
    if (REPORTS.includes(name)) return (await import("../mem/report.ts")).report(name, rest);
    const known = [...Object.keys(PARTS), ...REPORTS].join(", ");
    throw new UsageError(`there is no \`spool mem ${name}\`; there are ${known}`);
  },
};
