"use strict";

// Keeps memory, waits until that has been seen, and dies without a word.
const { readdirSync } = require("node:fs");

const { folder } = JSON.parse(process.env["SPOOL_MEMORY_PROFILE"]);
const kept = [];

function keepUntilKilled() {
  for (let i = 0; i < 40; i++) kept.push(new Array(131_072).fill(null));
}

keepUntilKilled();
(function look() {
  if (readdirSync(folder).includes(`${process.pid}-0.watch.json`)) process.kill(process.pid, "SIGKILL");
  setImmediate(look);
})();
