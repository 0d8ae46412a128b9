import { spawn } from "node:child_process";

/** Runs a command with its output shown, and gives its exit code. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], env });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
  });
}

/** Runs a step with a heading; ends the whole script when it fails. */
export async function step(title: string, command: string, args: readonly string[]): Promise<void> {
  console.log(`\n=== ${title}`);
  const started = performance.now();
  const code = await run(command, args);
  console.log(
    `=== ${title}: ${code === 0 ? "ok" : `exit code ${code}`} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
  );
  if (code !== 0) process.exit(code);
}
