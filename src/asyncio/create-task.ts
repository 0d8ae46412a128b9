import { freeTasksOf } from "./free-tasks.ts";
import { Scope, currentScope } from "./scope.ts";
import { captureSite } from "./site.ts";
import { Task, type TaskOptions } from "./task.ts";

/**
 * Starts `fn` as a free task of the runner (or of the program): it does not end with its creator, but `run` cancels it
 * when the program ends. Keep the task and await it; to be sure that nothing outlives a block, use `group` instead.
 * Takes a function, not a promise: a promise has started already. Python: `asyncio.create_task`.
 */
export function createTask<T>(fn: () => T | PromiseLike<T>, options: TaskOptions = {}): Task<T> {
  const owner = freeTasksOf(currentScope());
  const task = new Task(fn, owner.scope, owner, captureSite(createTask), options.name);
  owner.add(task);
  return task;
}

/** Every task that has not ended, in the order of creation within its parent. Python: `asyncio.all_tasks`. */
export function allTasks(): Set<Task<unknown>> {
  const tasks = new Set<Task<unknown>>();
  const visit = (scope: Scope): void => {
    if (scope.holder instanceof Task) tasks.add(scope.holder as Task<unknown>);
    for (let node = scope.first; node !== undefined; node = node.next) if (node instanceof Scope) visit(node);
  };
  visit(freeTasksOf(currentScope()).scope);
  return tasks;
}
