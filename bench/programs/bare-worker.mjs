// The least a worker can do: answers [id, x] with [id, x * x]; a batch (array of pairs) with a batch.
import { parentPort } from "node:worker_threads";
parentPort.on("message", (message) => {
  if (typeof message[0] === "number") return parentPort.postMessage([message[0], message[1] * message[1]]);
  for (const pair of message) pair[1] = pair[1] * pair[1];
  parentPort.postMessage(message);
});
