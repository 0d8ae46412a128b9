import { performance } from "node:perf_hooks";
import { ref } from "../../closures/index.ts";

/** What a worker sends back for one input that went well. */
export interface Invoked {
  readonly value: unknown;
  /** Time in the function, in seconds. */
  readonly seconds: number;
}

/** Runs in the worker: calls the export `name` of the module at `url`. Modules are loaded once per worker. */
export async function invoke(url: string, name: string, item: unknown): Promise<Invoked> {
  const module = (await import(url)) as Record<string, (item: unknown) => unknown>;
  const started = performance.now();
  const value = await module[name]!(item);
  return { value, seconds: (performance.now() - started) / 1000 };
}

/** Named rather than shipped: nothing is captured, so it also works where capturing is not allowed. */
export const remoteInvoke: typeof invoke = ref<typeof invoke>(import.meta.url, "invoke");
