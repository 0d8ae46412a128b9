import { type GroupOptions, TaskGroup } from "./task-group.ts";

/**
 * Runs `fn(group)` and every child it spawns, and returns only when all of them have ended. If one fails, the others
 * and the body are cancelled, and an ExceptionGroup of all real errors is thrown after the last has ended; nothing
 * is left running. `group.cancel()` ends it early without an error (the value is then undefined if the body was
 * interrupted). For plain "all results or the first error" take `gather`. Python: `async with TaskGroup()`.
 */
export function group<T>(fn: (group: TaskGroup) => T | PromiseLike<T>, options?: GroupOptions): Promise<T> {
  return TaskGroup.run(fn, options);
}
