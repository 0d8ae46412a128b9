#!/usr/bin/env node
const OLDEST = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `spool needs Node ${OLDEST.join(".")} or newer; this is ${process.version} (${process.execPath})\n`,
  );
  process.exitCode = 2;
} else {
  // Loaded only now, so that an older Node gets the line above instead of a syntax error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `spool ... | head`: the reader has seen enough, which is no failure.
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  const { runCommand } = await import("./run.ts");
  process.exitCode = await runCommand(process.argv.slice(2));
}
