"use strict";
const { spawn } = require("node:child_process");
const { join } = require("node:path");

// Starts another process, by way of a shell, when it is told to.
process.stdin.once("data", () => {
  const command = `sleep 0.3; exec "${process.execPath}" "${join(__dirname, "external-spin.cjs")}"`;
  spawn("/bin/sh", ["-c", command], { stdio: "ignore" });
});
process.stdout.write("ready\n");
