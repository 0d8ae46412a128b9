import { afterEach } from "node:test";

/**
 * Disposes of what a test made when the test has ended, last made first: `await using` for every supported Node.
 * Import it before leaks.ts, so that it tidies up before the leak check looks.
 */
export function later<T extends AsyncDisposable>(made: T): T {
  open.push(made);
  return made;
}

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (let last = open.pop(); last !== undefined; last = open.pop()) await last[Symbol.asyncDispose]();
});
