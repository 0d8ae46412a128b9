// The least a thread can do: answers [id, input] with [id, result]; a batch [[id ...], [input ...]] with a batch.
import { parentPort } from "node:worker_threads";
import { run } from "./task.mjs";
parentPort.on("message", (message) => {
  if (typeof message[0] === "number") message[1] = run(message[1]);
  else {
    const inputs = message[1];
    for (let i = 0; i < inputs.length; i++) inputs[i] = run(inputs[i]);
  }
  parentPort.postMessage(message);
});
