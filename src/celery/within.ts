import { clock } from "../core/index.ts";

/** Waits for `work`, but at most so many seconds; then rejects with `late()`, while the work goes on unobserved. */
export function within<T>(seconds: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock().after(seconds, () => reject(late()));
    work.then(resolve, reject).finally(cancel);
  });
}
