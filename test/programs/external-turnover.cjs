"use strict";
const { Worker, isMainThread, parentPort } = require("node:worker_threads");

// Two workers spin. On each line of input the older one ends, and a new one spins instead.
if (isMainThread) {
  const spinning = [];
  const begin = async () => {
    const worker = new Worker(__filename);
    await new Promise((begun) => worker.once("message", begun));
    spinning.push(worker);
  };
  begin()
    .then(begin)
    .then(() => process.stdout.write("ready\n"));
  process.stdin.on("data", async () => {
    await spinning.shift().terminate();
    await begin();
    process.stdout.write("replaced\n");
  });
} else {
  parentPort.postMessage("here");
  for (;;);
}
