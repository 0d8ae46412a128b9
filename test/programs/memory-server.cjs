"use strict";

// Allocates what it is told on standard input, and says when it has done so.
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

const commands = { allocKept, grow, allocBuffers, exit: () => process.exit(0) };

createInterface({ input: process.stdin }).on("line", (command) => {
  commands[command]();
  process.stdout.write(`${command}\n`);
});
process.stdout.write("ready\n");
