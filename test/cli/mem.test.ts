import "../support/leaks.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  Tracker,
  allocationsAt,
  memoryDiff,
  memoryStatsText,
  memoryTable,
  memoryTree,
  memoryTreeText,
  readMemoryProfile,
  sortedRows,
} from "spool/profile";
import { command } from "../../src/cli/commands/mem.ts";
import { NodeTarget } from "../support/node-target.ts";

const MAIN = resolve("src/cli/main.ts");
const TRUTH = resolve("test/programs/memory-truth.cjs");

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder = "";

/** Runs `spool mem ARGS` in the folder of this test. */
async function mem(...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, ["-C", "spool-source", MAIN, "mem", ...args], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += String(text)));
  child.stderr.on("data", (text) => (err += String(text)));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}

function file(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), "spool-test-"));
});
after(() => rmSync(folder, { recursive: true }));

describe("spool mem", () => {
  test("run writes a profile that every report reads", async () => {
    const recorded = await mem("run", "-o", "truth.json.gz", "--interval", "16KiB", TRUTH);
    assert.equal(recorded.code, 0, recorded.err);
    assert.match(recorded.err, /peak [\d.]+ MB, at the end 14\d\.\d MB.*-> truth\.json\.gz/);

    const table = await mem("table", "truth.json.gz", "--end", "-n", "3");
    assert.match(table.out, /104\.9 MB .*allocA \(.*memory-truth\.cjs:\d+\)/);
    assert.match(table.out, /~31\.5 MB {2}allocD/);

    const profile = readMemoryProfile(join(folder, "truth.json.gz"));
    const allocations = allocationsAt(profile, "end");
    assert.equal(sortedRows(allocations)[0]!.frame.name, "allocA");
    assert.match(memoryTable(allocations, { sort: "total" }), / (99\.\d|100\.0) % .*memory-truth\.cjs:1\)/);
    assert.match(memoryTreeText(memoryTree(allocations), { biggest: 3 }), /[├└]─ .*allocD/);
    assert.match(memoryStatsText(profile), /largest functions[^]*allocA/);
    assert.deepEqual(memoryDiff(allocations, allocations), []);
  });

  test("flamegraph, temporal and transform write what other programs open", async () => {
    const path = join(folder, "tracked.json");
    const tracker = new Tracker({ file: path, peaks: false });
    const held = Array.from({ length: 10 }, () => new Array(131_072).fill(null));
    tracker.stop();
    assert.equal(held.length, 10);
    const write = async (...args: string[]): Promise<string> => {
      const output = join(folder, args.join("-"));
      const [name = "", ...options] = args;
      assert.equal(await command.run([name, path, ...options, "-o", output]), 0);
      return readFileSync(output, "utf8");
    };
    assert.match(await write("flamegraph"), /mem\.test\.ts/);
    assert.match(await write("temporal"), /<svg/);
    assert.match(await write("transform", "--format=folded"), /mem\.test\.ts:\d+\) 10\d{6}\n/);
    assert.match(await write("transform", "--format=csv"), /,heap,10\d{6},/);
    const heapProfile = JSON.parse(await write("transform", "--format=heapprofile")) as { head: object };
    assert.ok("children" in heapProfile.head);
    const speedscope = JSON.parse(await write("transform", "--format=speedscope")) as {
      profiles: { unit: string }[];
    };
    assert.equal(speedscope.profiles[0]!.unit, "bytes");
    assert.ok((await write("transform", "--format=pprof")).length > 0);
  });

  test("attach records until another terminal detaches", async () => {
    const target = await NodeTarget.start("memory-server.cjs");
    try {
      const recording = mem("attach", String(target.pid), "-o", "attached.json", "--interval", "16KiB");
      let ended: Outcome | undefined;
      void recording.then((outcome) => (ended = outcome));
      // Detaching finds nobody until the recorder is there.
      let detached = await mem("detach", String(target.pid));
      while (detached.code !== 0 && ended === undefined) {
        await sleep(20);
        detached = await mem("detach", String(target.pid));
      }
      const outcome = await recording;
      assert.equal(outcome.code, 0, outcome.err);
      assert.match(file("attached.json"), /"format":"spool-memory"/);
    } finally {
      await target.stop();
    }
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no command", [], /name what to do/],
    ["an unknown one", ["grow"], /there is no `spool mem grow`; there are run/],
    ["no script", ["run"], /name the script to run/],
    ["a script that is not there", ["run", "no.ts"], /there is no script no\.ts/],
    ["no PID", ["attach"], /give the PID/],
    ["a PID that is none", ["attach", "many"], /give the PID of a Node process, got "many"/],
    ["a size that is none", ["attach", "1", "--interval", "some"], /--interval.*got "some"/],
    ["a file that is not there", ["table", "no.json"], /no\.json cannot be read/],
    ["one file to compare", ["diff", "a.json"], /name two files/],
  ];
  for (const [title, args, message] of mistakes) {
    test(`says what to do about ${title}`, async () => {
      await assert.rejects(command.run(args), { name: "UsageError", message });
    });
  }
});
