import { requireFunction } from "../core/index.ts";
import { type GroupOptions, TaskGroup } from "./task-group.ts";
import type { Task } from "./task.ts";

export interface SupervisorOptions extends GroupOptions {
  /** Takes a child's error; without it the errors are thrown together when everything has ended. */
  readonly onError?: ((error: unknown, task: Task<unknown>) => void) | undefined;
}

/**
 * A group whose children fail alone: an error ends neither the siblings nor the body. It goes to `onError`, or, when
 * there is none, into the ExceptionGroup that is thrown at the end. If `onError` throws, the whole group fails.
 */
export async function supervisor<T>(
  fn: (group: TaskGroup) => T | PromiseLike<T>,
  options: SupervisorOptions = {},
): Promise<T> {
  requireFunction("fn", fn);
  return new Supervisor(options).runBody(fn);
}

/** For this room: the group behind `supervisor` and a server's connections. */
export class Supervisor extends TaskGroup {
  override readonly kind: string = "supervisor";
  readonly #onError: SupervisorOptions["onError"];

  constructor(options: SupervisorOptions) {
    super({ name: "supervisor", ...options });
    this.#onError = options.onError;
  }

  protected override childFailed(task: Task<any>, error: unknown): void {
    if (this.#onError === undefined) return this.keepError(error);
    try {
      this.#onError(error, task);
    } catch (thrown) {
      this.failed(thrown, "onError");
    }
  }
}
