import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { test } from "node:test";

/** The layer of each folder of src/; ARCHITECTURE.md says why they lie so. */
const LAYERS: Record<string, number> = {
  core: 0,
  memory: 1,
  closures: 1,
  futures: 1,
  sync: 2,
  worker: 2,
  channels: 3,
  threading: 4,
  multiprocessing: 4,
  asyncio: 5,
  gevent: 6,
  celery: 6,
  profile: 6,
  compare: 7,
  dashboard: 8,
  cli: 8,
  testing: 8,
};
const PRIVATE = new Set(["core", "worker", "cli"]);
/** Each optional peer may be imported in exactly one file, on first use. */
const PEERS = ["koffi", "ioredis", "amqplib", "@msgpack/msgpack", "yaml", "pprof-format"];

const root = resolve(import.meta.dirname, "..");
const src = join(root, "src");

function filesUnder(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return filesUnder(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const files = filesUnder(src);
const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(from, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const found = text.matchAll(
    /(?:^|[;\s])(?:import|export)\s[^;'"]*?from\s*["']([^"']+)["']|import\s*\(\s*["']([^"']+)["']\s*\)|^import\s+["']([^"']+)["']/gm,
  );
  return [...found].map((m) => ({ from, specifier: (m[1] ?? m[2] ?? m[3])! }));
});

const folderOf = (path: string): string => {
  const parts = relative(src, path).split(sep);
  return parts.length > 1 ? parts[0]! : "";
};

test("every folder of src has a layer and an index.ts with a header", () => {
  for (const name of readdirSync(src)) {
    if (!statSync(join(src, name)).isDirectory()) continue;
    assert.ok(name in LAYERS, `src/${name} has no layer`);
    const index = readFileSync(join(src, name, "index.ts"), "utf8");
    assert.match(index, /^\/\*\*/, `src/${name}/index.ts opens without a header`);
  }
});

test("a folder imports only from lower layers, through their index.ts", () => {
  const wrong: string[] = [];
  for (const { from, specifier } of imports) {
    if (!specifier.startsWith(".")) continue;
    const target = resolve(dirname(from), specifier);
    const [a, b] = [folderOf(from), folderOf(target)];
    if (a === b || a === "") continue;
    const where = `${relative(root, from)} -> ${specifier}`;
    if (b === "") wrong.push(`${where}: the root module is not for inside use`);
    else if (LAYERS[a]! <= LAYERS[b]!)
      wrong.push(`${where}: ${a} (layer ${LAYERS[a]}) may not import ${b} (layer ${LAYERS[b]})`);
    else if (!specifier.endsWith("/index.ts")) wrong.push(`${where}: not through its index.ts`);
  }
  assert.deepEqual(wrong, []);
});

test("relative imports carry the .ts extension and there are no cycles between files", () => {
  const graph = new Map<string, string[]>();
  for (const { from, specifier } of imports) {
    if (!specifier.startsWith(".")) continue;
    assert.match(specifier, /\.(ts|json|lua)$/, `${relative(root, from)} imports ${specifier}`);
    graph.set(from, [...(graph.get(from) ?? []), resolve(dirname(from), specifier)]);
  }
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file))
      assert.fail(`cycle: ${[...path, file].map((f) => relative(src, f)).join(" -> ")}`);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  // Type-only imports between neighbours are cycles to a reader too, so they count.
  for (const file of graph.keys()) visit(file, []);
});

test("core uses no Node modules, only worker/ knows threads and children, nobody imports cli or testing", () => {
  const wrong: string[] = [];
  for (const { from, specifier } of imports) {
    const folder = folderOf(from);
    const where = `${relative(root, from)} -> ${specifier}`;
    if (folder === "core" && specifier.startsWith("node:")) wrong.push(where);
    if (/^node:(cluster)$/.test(specifier)) wrong.push(where);
    if (/\/(cli|testing)\/index\.ts$/.test(specifier)) wrong.push(where);
    if (folder === "threading" && specifier.includes("multiprocessing/")) wrong.push(where);
    if (folder === "profile" && specifier.includes("celery/")) wrong.push(where);
  }
  assert.deepEqual(wrong, []);
});

test("an optional peer is imported in one file only, and never statically", () => {
  for (const peer of PEERS) {
    const users = new Set(imports.filter((i) => i.specifier === peer).map((i) => relative(root, i.from)));
    assert.ok(users.size <= 1, `${peer} is imported by ${[...users].join(", ")}`);
    for (const user of users) {
      const text = readFileSync(join(root, user), "utf8");
      const statically = new RegExp(`^import (?!type)[^;]*["']${peer}["']`, "m");
      assert.doesNotMatch(text, statically, `${user} imports ${peer} at load`);
    }
  }
});

test("the exports map equals the public folders", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  const folders = readdirSync(src).filter((n) => statSync(join(src, n)).isDirectory() && !PRIVATE.has(n));
  const expected = [".", "./package.json", ...folders.map((f) => `./${f}`)];
  assert.deepEqual(Object.keys(manifest.exports).sort(), expected.sort());
});
