// One task file for the pools that want one. An input says what to do: square it, burn CPU, or give it back.
import { burn } from "./work.mjs";

export default function run(input) {
  if (typeof input === "number") return input * input;
  return typeof input.burn === "number" ? burn(input.burn) : input;
}
export { run };
