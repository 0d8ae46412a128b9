import { ShutDown } from "./errors.ts";

/** What a queue gives, item by item, until it is shut down and empty: the `for await` of every queue. */
export async function* untilShutDown<T>(take: () => Promise<T>): AsyncGenerator<T, void, undefined> {
  for (;;) {
    let item: T;
    try {
      item = await take();
    } catch (error) {
      if (error instanceof ShutDown) return;
      throw error;
    }
    yield item;
  }
}
