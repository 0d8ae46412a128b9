import { globSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type OutputChunk, type Plugin, rolldown } from "rolldown";
import { parseAst } from "rolldown/parseAst";
import { neededBy } from "./build/needs.ts";
import { run } from "./run.ts";

/**
 * Compiles src/ to dist/: every module to a file of its own, with its types, by `tsc`. Then the modules of the rooms
 * that every pool needs are joined into few files, because a worker spends most of its start in finding and linking
 * modules. In the place of each joined module stays a file that hands on the same names, so that every module is there
 * once, whichever way it is reached.
 */
const ROOMS = "{core,closures,memory,futures,worker,sync,channels,threading,multiprocessing}";
/** Where workers begin; run by Node, never imported. */
const BEGIN = /\/worker\/entry\/(lone-)?(thread|process)\.ts$/;
/**
 * The joined files: each holds what these modules need and no file before it holds. The first is all that a worker
 * compiles before its first task, which is most of what it costs beyond a bare one. The others are separate, so that a
 * program that only uses pools loads, and has in its bundle, nothing else. No file of a program should have such a name.
 */
const PARTS: readonly (readonly [name: string, from: RegExp])[] = [
  ["spool-worker", BEGIN],
  ["spool-encoder", /\/closures\/encoder\.ts$/],
  ["spool-pools", /\/(thread-pool-executor|process-pool-executor|multiprocessing\/(thread-)?pool)\.ts$/],
  ["spool-shared", /\/src\/(sync|channels)\//],
  ["spool-modules", /./],
];

const src = resolve("src");
const dist = resolve("dist");
const joined = ["index.ts", ...globSync(`${ROOMS}/**/*.ts`, { cwd: src })].map((file) => file.slice(0, -3));

rmSync(dist, { recursive: true, force: true });
const code = await run("tsc", ["-p", "tsconfig.build.json"]);
if (code !== 0) process.exit(code);
for (const module of joined) for (const end of ["js", "js.map"]) rmSync(join(dist, `${module}.${end}`));

const parts = new Map<string, string>();
const bundle = await rolldown({
  input: Object.fromEntries(joined.map((module) => [module, join(src, `${module}.ts`)])),
  platform: "node",
  external: (id) => !/^[./]/.test(id),
  preserveEntrySignatures: "allow-extension",
  treeshake: { moduleSideEffects: false },
  plugins: [divide(), ownUrls(), leanImports()],
});
const { output } = await bundle.write({
  dir: dist,
  format: "esm",
  sourcemap: true,
  minifyInternalExports: false,
  comments: { legal: true, annotation: true, jsdoc: false },
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: PARTS.map(([name], i) => ({
      name,
      priority: PARTS.length - i,
      test: (id) => parts.get(id) === name && !BEGIN.test(id),
    })),
  },
});
await bundle.close();
const chunks = output.filter((file) => file.type === "chunk");
for (const { fileName } of chunks.filter(isHelper)) rmSync(join(dist, fileName));
verify(chunks);

function divide(): Plugin {
  return {
    name: "divide",
    buildEnd() {
      for (const [name, from] of PARTS) {
        const found = new Set([...this.getModuleIds()].filter((id) => id.startsWith(src) && from.test(id)));
        for (const id of found) {
          if (!parts.has(id)) parts.set(id, name);
          for (const next of neededBy(id)) found.add(next);
        }
      }
    },
  };
}

/**
 * `import.meta.url` goes on meaning the file of the module in which it is written: by it workers find what they load.
 * In a program's own bundle it is what the bundler makes of it.
 */
function ownUrls(): Plugin {
  return {
    name: "own-urls",
    transform(text, id) {
      const found: number[] = [];
      visit(parseAst(text, { lang: "ts" }), (start) => found.push(start));
      const file = `${relative(src, id).slice(0, -3)}.js`;
      const url = `import.meta.url?.replace(/spool-\\w+\\.js$/, ${JSON.stringify(file)})`;
      let made = text;
      for (const start of found.toReversed())
        made = `${made.slice(0, start)}${url}${made.slice(start + "import.meta.url".length)}`;
      return { code: made, map: null };
    },
  };
}

/** Calls `found` with the place of every `import.meta.url`. */
function visit(node: unknown, found: (start: number) => void): void {
  if (typeof node !== "object" || node === null) return;
  const { type, object, property, start } = node as Record<string, any>;
  if (type === "MemberExpression" && object.type === "MetaProperty" && property.name === "url") found(start);
  for (const child of Object.values(node)) visit(child, found);
}

/**
 * The bundler's one helper gets no file of its own, which each worker would have to find; and a file that needs nothing
 * by name from another does not load it, as no module of this package does anything by being loaded. Node's own modules
 * are asked for directly: to import one costs a module that has all its names.
 */
function leanImports(): Plugin {
  const helper =
    "const __exportAll = (all) => Object.freeze(Object.defineProperties(Object.create(null), Object.fromEntries(Object.entries(all).map(([name, get]) => [name, { get, enumerable: true }]))));";
  return {
    name: "lean-imports",
    renderChunk(text, chunk) {
      if (isHelper(chunk)) return null;
      const made = text
        .replace(/^import \{ __exportAll \} from "[./]*rolldown-runtime\.js";$/m, helper)
        .replace(/^import "\.[^"]*";$/gm, "")
        .replace(/^import (?:(\w+), )?\{ (.*) \} from ("node:.*");$/gm, (_, main, names, name) => {
          const pattern = `{ ${(names as string).replaceAll(" as ", ": ")} }`;
          const value = `process.getBuiltinModule(${name})`;
          return main === undefined
            ? `const ${pattern} = ${value};`
            : `const ${main} = ${value}, ${pattern} = ${main};`;
        });
      return { code: made, map: null };
    },
  };
}

function isHelper({ fileName }: { readonly fileName: string }): boolean {
  return fileName === "rolldown-runtime.js";
}

/** Refuses a result in which a module is there twice, a class has another name, or a worker would load more files. */
function verify(all: readonly OutputChunk[]): void {
  const problems: string[] = [];
  const places = new Map<string, string>();
  for (const { fileName, moduleIds, code: text, facadeModuleId } of all) {
    for (const id of moduleIds) {
      const other = places.get(id);
      if (other !== undefined) problems.push(`${id} is in ${other} and in ${fileName}`);
      places.set(id, fileName);
    }
    for (const [, name] of text.matchAll(/\b(class \w+\$\d+\b|\w+\$\d+ = class\b)/g))
      problems.push(`${fileName}: two classes of one name, one of them became ${name!}`);
    const loaded = [...text.matchAll(/^(?:import|export)\b.*from "\.[./]*(.*)\.js";$/gm)].map(
      ([, name]) => name,
    );
    if (BEGIN.test(facadeModuleId ?? "") && loaded.join() !== PARTS[0]![0])
      problems.push(`${fileName} loads ${loaded.join(", ")}`);
    if (!isHelper({ fileName }) && text.includes("rolldown-runtime"))
      problems.push(`${fileName} needs the helper`);
  }
  if (problems.length === 0) return;
  console.error(problems.join("\n"));
  process.exit(1);
}
