/** Run with NODE_V8_COVERAGE: what the other side executes must be counted at its true place. */
import { processCarrier } from "../fixtures/carriers.ts";

const offset = 1;
const carrier = processCarrier();
const sizes = await carrier.run(
  (xs: number[]) => {
    const reached = xs.map((x) => x + offset);
    if (xs.length > 100) {
      return "never";
    }
    return reached.join();
  },
  [[1, 2]],
);
console.log(sizes);
await carrier.close();
