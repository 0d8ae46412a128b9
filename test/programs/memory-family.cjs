"use strict";

// A process, a worker thread and a child process; each keeps memory of its own.
const { fork } = require("node:child_process");
const { Worker, isMainThread } = require("node:worker_threads");

const kept = [];

function keep(megabytes) {
  for (let i = 0; i < megabytes; i++) kept.push(new Array(131_072).fill(null));
}

function mainKeeps() {
  keep(20);
}

function workerKeeps() {
  keep(10);
}

function childKeeps() {
  keep(15);
}

if (!isMainThread) {
  workerKeeps();
} else if (process.argv[2] === "child") {
  childKeeps();
} else {
  mainKeeps();
  new Worker(__filename);
  fork(__filename, ["child"]);
}
globalThis.kept = kept;
