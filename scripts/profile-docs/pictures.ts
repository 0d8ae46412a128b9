import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { callTree, type CallTree, record, toFlameGraph } from "../../src/profile/index.ts";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FOLDER = "docs/pictures";

/** Flame graphs of a real program (the TypeScript compiler in JavaScript), as Chromium draws them. */
export async function flamePictures(): Promise<string[]> {
  const browser = BROWSERS.find((path) => existsSync(path));
  if (browser === undefined) throw new Error(`no Chromium here (${BROWSERS.join(", ")})`);
  const tree = await recordCompiler();
  const later = await recordCompiler();
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "spool-pictures-"));
  const draw = async (name: string, html: string, hash: string): Promise<string> => {
    const page = join(folder, `${name}.html`);
    const picture = join(FOLDER, `${name}.png`);
    writeFileSync(page, html);
    await promisify(execFile)(browser, [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      `--user-data-dir=${mkdtempSync(join(folder, "user-"))}`,
      "--window-size=1000,560",
      "--virtual-time-budget=2000",
      `--screenshot=${resolve(picture)}`,
      `file://${page}${hash}`,
    ]);
    return picture;
  };
  try {
    return [
      await draw("flame", toFlameGraph(tree, { title: "the TypeScript compiler" }), "#theme=light"),
      await draw(
        "flame-search-dark",
        toFlameGraph(tree, { title: "the TypeScript compiler" }),
        "#theme=dark&search=check",
      ),
      await draw(
        "flame-diff",
        toFlameGraph(later, { title: "the TypeScript compiler, warmed up", before: tree }),
        "#theme=light",
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function recordCompiler(): Promise<CallTree> {
  const from = createRequire(import.meta.url).resolve("@arethetypeswrong/core/package.json");
  const compiler = createRequire(from).resolve("typescript");
  const child = fork("bench/programs/checker.cjs", [compiler], {
    stdio: ["ignore", "pipe", "ignore", "ipc"],
    execArgv: [],
  });
  try {
    await once(child.stdout!, "data");
    return callTree(await record(child.pid!, { duration: 3, rate: 500, engine: "inspector" }));
  } finally {
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }
}
