// One task file for piscina, tinypool and jest-worker. An input says what to do: square it, spin, or give it back.
export default function run(input) {
  if (typeof input === "number") return input * input;
  if (input.spin !== undefined) {
    const end = performance.now() + input.spin;
    while (performance.now() < end);
    return 0;
  }
  return input;
}
export { run };
