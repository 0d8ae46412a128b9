// The tasks, as the worker files that other pools need: default export, and named.
export default (x) => x * x;
export const square = (x) => x * x;
export function spin(seconds) {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
  return seconds;
}
export const echo = (value) => value;
