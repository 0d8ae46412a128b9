import { UnhandledTaskError } from "../core/index.ts";
import { type Holder, type Scope, programScope } from "./scope.ts";
import type { FailureRecord, Task, TaskOwner } from "./task.ts";
import { WaiterQueue } from "./waiter.ts";

/**
 * The owner of tasks that belong to no group: those of a runner, or of the program outside every runner. An error
 * that nobody looked at is raised as an unhandled rejection when its task is garbage, the runner closes or the
 * program ends, whichever is first.
 */
export class FreeTasks implements TaskOwner, Holder {
  readonly kind: string = "runner";
  readonly name: string;
  readonly scope: Scope;
  readonly live: Set<Task<any>> = new Set();
  readonly idle: WaiterQueue = new WaiterQueue();
  /** Told when the runner has closed. */
  onClose: (() => void) | undefined = undefined;
  readonly #failures = new Set<FailureRecord>();

  constructor(name: string, scope: Scope) {
    this.name = name;
    this.scope = scope;
    scope.holder = this;
  }

  add(task: Task<any>): void {
    this.live.add(task);
  }

  taskEnded(task: Task<any>): void {
    this.live.delete(task);
    if (task.state === "failed" && !task.observed) this.#remember(task);
    if (this.live.size === 0) this.idle.grantAll(undefined);
  }

  raiseUnseen(): void {
    for (const failure of this.#failures) if (!failure.seen) raise(failure);
    this.#failures.clear();
  }

  describe(): string {
    return `${this.live.size} free tasks`;
  }

  #remember(task: Task<any>): void {
    const { name, spawnedAt } = task;
    const error = (task.outcome as { error: unknown }).error;
    const failure: FailureRecord = { seen: false, error, name, spawnedAt };
    task.failure = failure;
    this.#failures.add(failure);
    collected.register(task, { failure, failures: this.#failures });
  }
}

/** The program's own, for tasks that are created outside every runner. */
const program = new FreeTasks("program", programScope);
process.on("beforeExit", () => program.raiseUnseen());

/** The owner of free tasks for code that runs in `scope`: the innermost runner's, or the program's. */
export function freeTasksOf(scope: Scope): FreeTasks {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.holder instanceof FreeTasks) return at.holder;
  }
  return program;
}

interface Remembered {
  readonly failure: FailureRecord;
  readonly failures: Set<FailureRecord>;
}

const collected = new FinalizationRegistry<Remembered>(({ failure, failures }) => {
  if (failures.delete(failure) && !failure.seen) raise(failure);
});

/** Leaves it to Node's own policy for unhandled rejections (`--unhandled-rejections`, "unhandledRejection"). */
function raise({ name, spawnedAt, error }: FailureRecord): void {
  const reason = error instanceof Error ? error.message : String(error);
  void Promise.reject(
    new UnhandledTaskError(
      `Task "${name}" (spawned at ${spawnedAt}) failed and nobody awaited it: ${reason}`,
      { cause: error },
    ),
  );
}
