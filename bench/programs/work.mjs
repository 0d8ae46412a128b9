// The work that every pool here is given; one definition for all of them. No imports, no captures.

/** @param {number} x */
export function square(x) {
  return x * x;
}

/**
 * CPU work of a fixed size, however busy the machine is.
 * @param {number} steps
 */
export function burn(steps) {
  let x = 1;
  for (let i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}
