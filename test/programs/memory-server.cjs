"use strict";

// Allocates what it is told on standard input, and says when it has done so.
const { fork } = require("node:child_process");
const { createInterface } = require("node:readline");

const kept = [];
const grown = [];

function allocKept() {
  for (let i = 0; i < 50; i++) kept.push(new Array(131_072).fill(null));
}

function grow() {
  for (let i = 0; i < 100; i++) grown.push(new Array(13_107).fill(null));
}

function allocBuffers() {
  for (let i = 0; i < 30; i++) kept.push(Buffer.alloc(1_048_576, 1));
}

function allocInChild() {
  kept.push(new Array(13_107).fill(null));
  if (kept.length > 500) kept.length = 0;
}

if (process.argv[2] === "child") {
  setInterval(allocInChild, 5);
  process.once("disconnect", () => process.exit());
  return;
}

const forkChild = () => fork(__filename, ["child"]);
const commands = { allocKept, grow, allocBuffers, forkChild, exit: () => process.exit(0) };

createInterface({ input: process.stdin }).on("line", (command) => {
  commands[command]();
  process.stdout.write(`${command}\n`);
});
process.stdout.write("ready\n");
