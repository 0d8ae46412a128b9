import { attach, dump, sample } from "../../src/profile/index.ts";
import { createRequire } from "node:module";
import { join } from "node:path";
import { measure, summarise, type Table } from "../harness.ts";
import { evaluate } from "../support/targets.ts";
import { startSubject } from "./target.ts";

const BUSY = join(import.meta.dirname, "..", "..", "test", "programs", "profile-target.cjs");
const REFRESHES = 24;

/** How long a busy process lets us wait. */
export async function latencyTable(): Promise<Table> {
  const subject = await startSubject(BUSY, ["shares"]);
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  };
  const { pid } = subject;
  try {
    return await measure(
      "until an answer from a busy process",
      [
        { name: "attach and detach", run: () => timed(async () => (await attach(pid)).close()) },
        { name: "dump, from outside", run: () => timed(() => dump(pid, { engine: "external" })) },
        { name: "dump --locals", run: () => timed(() => dump(pid, { locals: true })) },
      ],
      { unit: "ms", rounds: 15 },
    );
  } finally {
    await subject.stop();
  }
}

/**
 * How long a refresh of `spool top` keeps the target from its work, by the target's own clock; a thread that loses its
 * processor meanwhile counts that too. The very first, for which a program compiles what we evaluate there, is apart.
 */
export async function pauseTable(): Promise<Table> {
  const typescript = compiler();
  const small = await pauses("steady.mjs", [], 1 << 30);
  const figures = [
    summarise("small program", small.later),
    summarise("small program, the first", small.first),
  ];
  if (typescript !== undefined) {
    const big = await pauses("checker.cjs", [typescript]);
    figures.push(summarise("9 MB script", big.later), summarise("9 MB script, the first", big.first));
  }
  const title = "pause of a refresh of top";
  const bounds: readonly (readonly [string, number])[] = [
    ["small program", 15],
    ["9 MB script", 40],
  ];
  const targets = bounds
    .filter(([subject]) => figures.some(({ name }) => name === subject))
    .map(([subject, atMost]) => evaluate({ title, figures, better: "lower" }, { subject, atMost }));
  return { title, unit: "ms", better: "lower", rounds: REFRESHES, figures, targets };
}

const WARM = 1;

async function pauses(
  program: string,
  args: string[],
  work?: number,
): Promise<{ first: number[]; later: number[] }> {
  const subject = await startSubject(program, args);
  if (work !== undefined) subject.ask(work).catch(() => {}); // it is stopped before it has done all that
  const all: number[] = [];
  try {
    for await (const { pause } of sample(subject.pid, { engine: "inspector", every: 0.5 }))
      if (all.push(pause) === REFRESHES + WARM) break;
  } finally {
    await subject.stop();
  }
  return { first: all.slice(0, WARM), later: all.slice(WARM) };
}

/** TypeScript in JavaScript, which a tool of ours depends on; TypeScript itself is a native program by now. */
function compiler(): string | undefined {
  try {
    const from = createRequire(import.meta.url).resolve("@arethetypeswrong/core/package.json");
    return createRequire(from).resolve("typescript");
  } catch {
    console.log("no typescript.js here: the pause of a big program is not measured");
    return undefined;
  }
}
