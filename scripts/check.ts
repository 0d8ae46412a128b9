import { step } from "./run.ts";

/** Everything that can be said about the code without running it: format, lint, types, build, the packed result. */
await step("format", "oxfmt", ["--check", "."]);
await step("lint", "oxlint", ["--type-aware", "--deny-warnings"]);
await step("types", "tsc", ["-p", "tsconfig.json"]);
await step("build", process.execPath, ["scripts/build.ts"]);
await step("unused code", "knip", ["--no-progress"]);
await step("package", "publint", ["--strict"]);
await step("figures in documents", process.execPath, ["bench/report.ts", "--check"]);
await step("types of the package", "attw", ["--pack", ".", "--profile", "esm-only", "--quiet"]);
