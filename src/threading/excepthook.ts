import { inspect } from "node:util";

/** What `excepthook` is told. Python: `threading.ExceptHookArgs`. */
export interface ExceptHookArgs {
  readonly error: unknown;
  readonly thread: { readonly name: string };
}

export type ExceptHook = (args: ExceptHookArgs) => void;

/** Prints what a thread's function threw, with the stack it has there. Python: `threading.excepthook`. */
export function excepthook({ error, thread }: ExceptHookArgs): void {
  process.stderr.write(`Exception in thread ${thread.name}:\n${inspect(error)}\n`);
}

/** Puts another hook in the place of `excepthook`, in this thread, and returns the previous one. */
export function setExceptHook(hook: ExceptHook): ExceptHook {
  const previous = current;
  current = hook;
  return previous;
}

/** For Thread. */
export function reportFailure(error: unknown, thread: { readonly name: string }): void {
  current({ error, thread });
}

let current: ExceptHook = excepthook;
