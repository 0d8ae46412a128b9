import { packArguments, revive, ship } from "../src/closures/index.ts";
import { type Contestant, type Table, measure, printTable, writeResults } from "./harness.ts";

/**
 * What shipping costs on the side that submits, in microseconds a call: a function seen before, a new closure of
 * known code, arguments. No peer does this; the first row is what every one of them must do at least.
 */
const CALLS = 300;
const factor = 3;
const label = "row";
const settings = { scale: 2, offsets: [1, 2, 3] };
class Vec {
  x: number;
  constructor(x: number) {
    this.x = x;
  }
  scaled(k: number): number {
    return this.x * k;
  }
}
const known = (x: number): number => x * factor;

function micros(name: string, calls: number, once: (i: number) => unknown): Contestant {
  const run = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) once(i);
    return ((performance.now() - start) * 1000) / calls;
  };
  return { name, run };
}

const to = "thread";
const functions = await measure(
  "ship",
  [
    micros("structuredClone({ id, args })", 20_000, (i) => structuredClone({ id: i, args: [i] })),
    micros("the same function again", 20_000, () => ship(known, { to })),
    micros("new function, no captures: x => x * x", 20_000, () => ship((x: number) => x * x, { to })),
    micros("new closure over a constant", CALLS, () => ship((x: number) => x * factor, { to })),
    micros("new closure over three constants", CALLS, () =>
      ship((x: number) => [x * factor, label, settings.scale], { to }),
    ),
    micros("new closure over its own number", CALLS, (i) => ship(() => i, { to })),
    micros("new closure over an instance", CALLS, (i) => {
      const v = new Vec(i);
      return ship(() => v.scaled(factor), { to });
    }),
  ],
  { unit: "us a call" },
);

const numbers = [1, 2, 3];
const record = { id: 1, name: "n", tags: ["a", "b"] };
const matrix = [new Float64Array(1e6)];
const vec = [new Vec(1)];
const args = await measure(
  "packArguments",
  [
    micros("three numbers", 200_000, () => packArguments(numbers, { to })),
    micros("a small record", 200_000, () => packArguments([record], { to })),
    micros("an 8 MB Float64Array", 200_000, () => packArguments(matrix, { to })),
    micros("an instance of a local class", CALLS, () => packArguments(vec, { to })),
  ],
  { unit: "us a call" },
);

const { payload } = ship((x: number) => x * factor + settings.scale, { to });
const revival: Table = await measure(
  "revive",
  [
    {
      name: "closure over two values, code known",
      run: async () => {
        const start = performance.now();
        for (let i = 0; i < 2000; i++) await revive(payload);
        return ((performance.now() - start) * 1000) / 2000;
      },
    },
  ],
  { unit: "us a call" },
);

for (const table of [functions, args, revival]) printTable(table);
console.log(`\n${writeResults("closures", [functions, args, revival])}`);
