/** The longest that a timer of Node's can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive until the returned function is called. The sockets that news comes through do not (an idle
 * client must not hold its program), so whoever waits for an answer does.
 */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, LONGEST_MS);
  return () => clearInterval(timer);
}
