/** Which model suits this work? Measures, and says why. */
import { compare } from "spool/compare";

const wait = async (ms: number): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
};
const { classification, recommendation } = await compare(wait, Array(24).fill(5), {
  budget: 2,
  repetitions: 2,
});
console.log(classification.label);
console.log(recommendation.model.kind);

// Prints: async I/O-bound
// Prints: event-loop
