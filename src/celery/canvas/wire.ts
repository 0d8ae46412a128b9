import type { WireSignature } from "../protocol/task-message.ts";

/** Options of a signature by their wire names. */
export type WireOptions = Readonly<Record<string, unknown>>;

export function wireSignature(task: string, parts: Partial<Omit<WireSignature, "task">> = {}): WireSignature {
  return {
    task,
    args: parts.args ?? [],
    kwargs: parts.kwargs ?? {},
    options: parts.options ?? {},
    subtask_type: parts.subtask_type ?? null,
    immutable: parts.immutable ?? false,
  };
}

/** The same signature with these options added; an undefined one is left out. */
export function withOptions(signature: WireSignature, options: WireOptions): WireSignature {
  return { ...signature, options: mergeOptions(signature.options, options) };
}

export function mergeOptions(first: WireOptions, second: WireOptions): WireOptions {
  const merged: Record<string, unknown> = { ...first };
  for (const key in second) if (second[key] !== undefined) merged[key] = second[key];
  return merged;
}

export function chainOf(tasks: readonly WireSignature[], options: WireOptions = {}): WireSignature {
  return wireSignature("celery.chain", { kwargs: { tasks }, options, subtask_type: "chain" });
}

export function groupOf(tasks: readonly WireSignature[], options: WireOptions = {}): WireSignature {
  return wireSignature("celery.group", { kwargs: { tasks }, options, subtask_type: "group" });
}

export function chordOf(
  header: readonly WireSignature[],
  body: WireSignature,
  options: WireOptions = {},
): WireSignature {
  return wireSignature("celery.chord", {
    kwargs: { header: groupOf(header), body, kwargs: {} },
    options,
    subtask_type: "chord",
  });
}

export type Kind = "task" | "chain" | "group" | "chord" | "chunks";

export function kindOf(signature: WireSignature): Kind {
  switch (signature.subtask_type ?? signature.task) {
    case "chain":
    case "celery.chain":
      return "chain";
    case "group":
    case "celery.group":
      return "group";
    case "chord":
    case "celery.chord":
      return "chord";
    case "celery.chunks":
      return "chunks";
    default:
      return "task";
  }
}
