/** One toolchain: how the cases are laid out for it, and the commands that build and run them. */
export interface Row {
  readonly name: string;
  /** How imports between the case files are written. */
  readonly extension: ".ts" | ".js" | "";
  readonly format: "module" | "commonjs";
  readonly files?: Readonly<Record<string, string>>;
  /** Shell commands, in the row's own folder, with the toolchains' binaries on the PATH; the last one runs the cases. */
  readonly commands: readonly string[];
  /** The expression for the URL of tasks.ts, where the usual one does not do. */
  readonly tasksUrl?: string;
  /** Cases that this toolchain cannot do, with the reason. */
  readonly misses?: Readonly<Record<string, string>>;
  /** Checked after the run, in the row's folder: null, or what is wrong. */
  readonly after?: "coverage-c8" | "coverage-node" | "coverage-nyc";
  /** Only references are expected to work; everything else must be refused with this code. */
  readonly refused?: string;
}

const tsconfig = (options: Record<string, unknown>): string =>
  JSON.stringify({
    compilerOptions: {
      target: "es2022",
      module: "nodenext",
      moduleResolution: "nodenext",
      types: ["node"],
      rootDir: ".",
      outDir: "out",
      sourceMap: true,
      strict: false,
      skipLibCheck: true,
      esModuleInterop: true,
      noImplicitOverride: false,
      ...options,
    },
    files: ["main.ts"],
  });

const commonjs = { module: "nodenext", moduleResolution: "nodenext" };
/** A bundle does not export its modules; a reference names the source file. */
const tasksUrl = '"file://" + process.cwd() + "/tasks.ts"';

const vitest = (pool: string): Row => ({
  name: `vitest, ${pool}`,
  extension: ".ts",
  format: "module",
  files: {
    "vitest.config.mjs": `export default { test: { pool: "${pool}", globals: true, include: ["cases.test.ts"], testTimeout: 300000 } }`,
  },
  commands: ["vitest run"],
});

const jest = (name: string, transform: string): Row => ({
  name: `jest, ${name}`,
  extension: "",
  format: "commonjs",
  files: {
    "jest.config.cjs": `module.exports = { testEnvironment: "node", testMatch: ["**/cases.test.ts"], transform: ${transform}, moduleNameMapper: {} }`,
    "tsconfig.json": tsconfig({ module: "commonjs", moduleResolution: "node10", isolatedModules: true }),
  },
  commands: ["node --experimental-vm-modules ../node_modules/jest/bin/jest.js --runInBand --forceExit"],
  misses: {
    "dynamic import": "the worker has no jest, so nothing resolves or compiles `./tasks` for it there",
    "explicit reference": "the worker has no jest to compile tasks.ts, which is no CommonJS as it stands",
  },
});

export const ROWS: readonly Row[] = [
  { name: "Node's own type stripping", extension: ".ts", format: "module", commands: ["node main.ts"] },
  { name: "tsx, ESM", extension: ".ts", format: "module", commands: ["tsx main.ts"] },
  { name: "tsx, CommonJS", extension: ".ts", format: "commonjs", commands: ["tsx main.ts"] },
  {
    name: "ts-node",
    extension: "",
    format: "commonjs",
    files: { "tsconfig.json": tsconfig({ module: "commonjs", moduleResolution: "node10" }) },
    commands: ["node -r ts-node/register/transpile-only main.ts"],
  },
  {
    name: "tsc, ESM",
    extension: ".js",
    format: "module",
    files: { "tsconfig.json": tsconfig({}) },
    commands: ["tsc --noCheck", "node out/main.js"],
  },
  {
    name: "tsc, CommonJS",
    extension: ".js",
    format: "commonjs",
    files: { "tsconfig.json": tsconfig(commonjs) },
    commands: ["tsc --noCheck", "node out/main.js"],
  },
  {
    name: "tsc, CommonJS, --enable-source-maps",
    extension: ".js",
    format: "commonjs",
    files: { "tsconfig.json": tsconfig(commonjs) },
    commands: ["tsc --noCheck", "node --enable-source-maps out/main.js"],
  },
  {
    name: "tsc, target ES5",
    extension: ".js",
    format: "commonjs",
    files: {
      "tsconfig.json": tsconfig({
        module: "commonjs",
        moduleResolution: "node10",
        target: "es5",
        lib: ["es2024"],
        downlevelIteration: true,
      }),
    },
    commands: ["tsc --noCheck", "node out/main.js"],
  },
  {
    name: "esbuild bundle, ESM",
    extension: ".ts",
    format: "module",
    commands: [
      "esbuild main.ts --bundle --platform=node --format=esm --sourcemap --outfile=out/main.mjs",
      "node out/main.mjs",
    ],
    tasksUrl,
  },
  {
    name: "esbuild bundle, CommonJS",
    extension: ".ts",
    format: "module",
    commands: [
      "esbuild main.ts --bundle --platform=node --format=cjs --sourcemap --packages=external --outfile=out/main.cjs",
      "node out/main.cjs",
    ],
    tasksUrl,
  },
  {
    name: "esbuild bundle, minified",
    extension: ".ts",
    format: "module",
    commands: [
      "esbuild main.ts --bundle --platform=node --format=esm --minify --keep-names --sourcemap --outfile=out/main.mjs",
      "node out/main.mjs",
    ],
    tasksUrl,
  },
  {
    name: "webpack bundle",
    extension: ".ts",
    format: "module",
    files: {
      "webpack.config.cjs": `module.exports = { mode: "production", target: "node22", entry: "./main.ts", devtool: "source-map",
  output: { path: __dirname + "/out", filename: "main.mjs", module: true, library: { type: "module" } }, experiments: { outputModule: true },
  resolve: { extensions: [".ts", ".js"] },
  externals: [({ request }, done) => (/^spool/.test(request) ? done(null, "module " + request) : done())],
  module: { rules: [{ test: /\\.ts$/, loader: "swc-loader", options: { jsc: { parser: { syntax: "typescript" }, target: "es2022" } } }] } };`,
    },
    commands: ["webpack-cli", "node out/main.mjs"],
    tasksUrl,
  },
  {
    name: "rspack bundle",
    extension: ".ts",
    format: "module",
    files: {
      "rspack.config.cjs": `module.exports = { mode: "production", target: "node22", entry: "./main.ts", devtool: "source-map",
  output: { path: __dirname + "/out", filename: "main.mjs", module: true, library: { type: "module" } }, experiments: { outputModule: true },
  resolve: { extensions: [".ts", ".js"] },
  externals: [({ request }, done) => (/^spool/.test(request) ? done(null, "module " + request) : done())],
  module: { rules: [{ test: /\\.ts$/, loader: "builtin:swc-loader", options: { jsc: { parser: { syntax: "typescript" }, target: "es2022" } } }] } };`,
    },
    commands: ["rspack build", "node out/main.mjs"],
    tasksUrl,
  },
  {
    name: "vite build",
    extension: ".ts",
    format: "module",
    files: {
      "vite.config.mjs": `export default { build: { ssr: "main.ts", outDir: "out", sourcemap: true, target: "node22" } }`,
    },
    commands: ["vite build", "node out/main.js"],
    tasksUrl,
  },
  vitest("forks"),
  vitest("threads"),
  vitest("vmThreads"),
  jest("ts-jest", `{ "\\\\.ts$": ["ts-jest", { diagnostics: false }] }`),
  jest(
    "swc",
    `{ "\\\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" }, sourceMaps: "inline" }] }`,
  ),
  {
    name: "--disallow-code-generation-from-strings",
    extension: ".ts",
    format: "module",
    commands: ["node --disallow-code-generation-from-strings main.ts"],
  },
  {
    name: "permission model",
    extension: ".ts",
    format: "module",
    commands: ["node --permission --allow-fs-read=* --allow-worker --allow-child-process main.ts"],
    refused: "CAPTURE_INSPECTOR",
  },
  {
    name: "coverage by c8",
    extension: ".ts",
    format: "module",
    commands: ["c8 --reporter=json --report-dir=coverage node main.ts"],
    after: "coverage-c8",
  },
  {
    name: "coverage by Node",
    extension: ".ts",
    format: "module",
    files: {
      "run.test.mjs": `import { test } from "node:test"; import { writeFileSync } from "node:fs"; import { runCases } from "./cases.ts";
test("cases", async () => writeFileSync(process.env.CASES_OUTPUT, JSON.stringify(await runCases())));`,
    },
    commands: [
      "node --test --experimental-test-coverage --test-reporter=lcov --test-reporter-destination=lcov.info run.test.mjs",
    ],
    after: "coverage-node",
  },
  {
    name: "coverage by nyc",
    extension: ".js",
    format: "commonjs",
    files: {
      "tsconfig.json": tsconfig(commonjs),
      ".nycrc.json": `{ "reporter": ["json"], "sourceMap": true, "include": ["out/**"], "excludeAfterRemap": false }`,
    },
    commands: ["tsc --noCheck", "nyc node out/main.js"],
    misses: { counts: "what workers run is not counted: nyc keeps its counters in the main program" },
    after: "coverage-nyc",
  },
  {
    name: "Bun",
    extension: ".ts",
    format: "module",
    commands: ["bun main.ts"],
    refused: "CAPTURE_INSPECTOR",
  },
  {
    name: "Deno",
    extension: ".ts",
    format: "module",
    commands: ["deno run -A --no-check main.ts"],
    refused: "CAPTURE_INSPECTOR",
  },
];
