import { TaskError } from "../../core/index.ts";
import type { TaskRequest } from "../context.ts";
import type { ArgumentsSchema } from "../definition.ts";

type Run = (request: TaskRequest, args: readonly unknown[]) => unknown;

interface Verdict {
  readonly value?: unknown;
  readonly issues?: readonly { readonly message: string; readonly path?: readonly unknown[] }[];
}

/** Checks (and converts) the arguments by a Standard Schema before the task runs; the schema sees the argument list. */
export function checkSchema(run: Run, schema: ArgumentsSchema): Run {
  return async (request, args) => {
    const verdict = (await schema["~standard"].validate(args)) as Verdict;
    if (verdict.issues === undefined) return run(request, verdict.value as readonly unknown[]);
    const what = verdict.issues.map(({ message, path }) => `${pathText(path)}${message}`).join("; ");
    throw new TaskError(`${request.task.name}: the arguments do not fit its schema: ${what}`, {
      type: "ValueError",
      module: "builtins",
    });
  };
}

function pathText(path: readonly unknown[] | undefined): string {
  if (path === undefined || path.length === 0) return "";
  const keys = path.map((step) =>
    typeof step === "object" && step !== null && "key" in step ? step.key : step,
  );
  return `${keys.map(String).join(".")}: `;
}
