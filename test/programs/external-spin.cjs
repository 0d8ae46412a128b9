"use strict";

function hotLoop() {
  for (let i = 0; ; i++) if (i < 0) return i;
}

function outer() {
  return hotLoop();
}

process.stdout.write("ready\n", () => outer());
