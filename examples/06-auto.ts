/** Let the work itself decide: every input is run once, results keep their order. */
import { auto } from "spool/compare";

const collatz = (start: number): number => {
  let steps = 0;
  for (let n = start; n !== 1; n = n % 2 === 0 ? n / 2 : 3 * n + 1) steps++;
  return steps;
};
let longest = 0;
for await (const steps of auto.map(
  collatz,
  Array.from({ length: 30_000 }, (_, i) => i + 1),
)) {
  longest = Math.max(longest, steps);
}
console.log(longest);

// Prints: 307
