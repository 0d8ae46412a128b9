"use strict";

// Three quarters of the work in one function, a quarter in the other. The work is counted, not timed: a busy machine
// stretches both alike. Neither is inlined, because the external engine counts what is in its caller.
const { setFlagsFromString } = require("node:v8");
setFlagsFromString("--no-turbo-inlining");
if (Number(process.versions.node.split(".")[0]) >= 22) setFlagsFromString("--no-maglev-inlining");

const UNIT = 4_000_000;

function threeQuarters() {
  let x = 0;
  for (let i = 0; i < 3 * UNIT; i++) x += Math.sqrt(i);
  return x;
}

function oneQuarter() {
  let x = 0;
  for (let i = 0; i < UNIT; i++) x += Math.sqrt(i);
  return x;
}

process.stdout.write("ready\n", function main() {
  for (;;) {
    threeQuarters();
    oneQuarter();
  }
});
