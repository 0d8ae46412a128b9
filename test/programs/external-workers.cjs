"use strict";
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

function spinInWorker() {
  for (let i = 0; ; i++) if (i < 0) return i;
}

function sleepInWorker() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

if (isMainThread) {
  let waiting = 2;
  for (const task of ["spin", "sleep"]) {
    const worker = new Worker(__filename, { workerData: task });
    worker.once("message", () => --waiting === 0 && process.stdout.write("ready\n"));
  }
} else {
  parentPort.postMessage("here");
  if (workerData === "spin") spinInWorker();
  else sleepInWorker();
}
