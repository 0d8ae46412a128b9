// bare-thread.mjs as a process.
import { run } from "./task.mjs";
process.on("message", (message) => {
  if (typeof message[0] === "number") message[1] = run(message[1]);
  else {
    const inputs = message[1];
    for (let i = 0; i < inputs.length; i++) inputs[i] = run(inputs[i]);
  }
  process.send(message);
});
