import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { run } from "./run.ts";

/**
 * `npm run test:matrix [22 24 26] [-- part of a path ...]`: the whole suite on each supported Node line. The
 * binaries come from the npm registry and stay in .nodes/.
 */
export const LINES: Record<string, string> = { "22": "22.23.3", "24": "24.21.0", "26": "26.10.0" };

/** Lines that the package itself does not run on, but looks into. */
const LOOKED_INTO: Record<string, string> = { "20": "20.20.2" };

/** The folder that holds the given line's `node`, installed on first use. */
export async function nodeDirectory(line: string): Promise<string> {
  const version = LINES[line] ?? LOOKED_INTO[line];
  if (version === undefined)
    throw new Error(`Node ${line} is not in the matrix (${Object.keys(LINES).join(", ")})`);
  const home = resolve(".nodes", line);
  const bin = join(home, "node_modules", "node", "bin");
  if (!existsSync(join(bin, "node"))) {
    mkdirSync(home, { recursive: true });
    const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } };
    writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
    if ((await run("npm", ["install", "--prefix", home, "--no-audit", "--no-fund"])) !== 0) {
      throw new Error(`Node ${version} could not be installed`);
    }
  }
  return bin;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const lines = args.filter((a) => a in LINES);
  const parts = args.filter((a) => !(a in LINES) && a !== "--");
  const results: string[] = [];
  let failed = false;
  for (const line of lines.length > 0 ? lines : Object.keys(LINES)) {
    const bin = await nodeDirectory(line);
    console.log(`\n##### Node ${LINES[line]}`);
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` };
    const code = await run(
      join(bin, "node"),
      ["scripts/test.ts", ...(parts.length > 0 ? parts : ["test/"])],
      env,
    );
    failed ||= code !== 0;
    results.push(`Node ${LINES[line]}: ${code === 0 ? "passed" : "FAILED"}`);
  }
  console.log(`\n${results.join("\n")}`);
  process.exit(failed ? 1 : 0);
}
