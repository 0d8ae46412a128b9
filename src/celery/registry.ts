import type { Runtime } from "./runtime.ts";

/** Apps by name, in a pool's child only: there the modules are imported to find the tasks in them. */
let collected: Map<string, Runtime> | undefined;

/** Called by every new app. */
export function announce(runtime: Runtime): void {
  collected?.set(runtime.name, runtime);
}

/** Makes this thread or process a pool's child and gives the apps that have been announced in it. */
export function collectApps(): ReadonlyMap<string, Runtime> {
  return (collected ??= new Map());
}

/** A worker must not be started inside another worker's pool, where importing the app's module may try to. */
export function inPoolChild(): boolean {
  return collected !== undefined;
}
