import { decodeSignature, type WireSignature } from "../protocol/task-message.ts";
import { chainOf, chordOf, groupOf, kindOf, withOptions, wireSignature } from "./wire.ts";

/** The members of a chain or group, or the header of a chord. */
export function membersOf(signature: WireSignature): WireSignature[] {
  const { tasks, header } = signature.kwargs as { tasks?: unknown; header?: unknown };
  if (Array.isArray(tasks)) return tasks.map(decodeSignature);
  if (Array.isArray(header)) return header.map(decodeSignature);
  if (header !== null && typeof header === "object") return membersOf(decodeSignature(header));
  return [];
}

/** Groups within groups become members of the outer one; chunks become the group they stand for. */
export function flattenGroup(members: readonly WireSignature[]): WireSignature[] {
  return members.flatMap((member) => {
    if (kindOf(member) === "chunks") return flattenGroup(chunksToMembers(member));
    return kindOf(member) === "group" ? flattenGroup(membersOf(member)) : [member];
  });
}

export function chunksToMembers(signature: WireSignature): WireSignature[] {
  const { task, it, n } = signature.kwargs as { task: WireSignature; it: unknown[]; n: number };
  const members: WireSignature[] = [];
  for (let i = 0; i < it.length; i += n) {
    const kwargs = { task, it: it.slice(i, i + n) };
    members.push(wireSignature("celery.starmap", { kwargs, immutable: true }));
  }
  return members;
}

/**
 * A chain as it can be sent: plain tasks, where only the last may be a group or chord. A group with something after
 * it becomes a chord whose body is the rest of the chain.
 */
export function chainSteps(tasks: readonly WireSignature[]): WireSignature[] {
  const flat = tasks.flatMap((task) => (kindOf(task) === "chain" ? chainMembers(task) : [task]));
  const joint = flat.findIndex((task) => kindOf(task) !== "task");
  if (joint < 0 || joint === flat.length - 1) return flat;
  return [...flat.slice(0, joint), followedBy(flat[joint]!, flat.slice(joint + 1))];
}

/** The group or chord with the steps that come after it worked in. */
export function followedBy(step: WireSignature, rest: readonly WireSignature[]): WireSignature {
  if (rest.length === 0) return step;
  if (kindOf(step) !== "chord") return chordOf(flattenGroup([step]), asOne(rest), step.options);
  const body = decodeSignature(step.kwargs["body"]);
  return chordOf(membersOf(step), asOne([body, ...rest]), step.options);
}

/**
 * Prepends arguments to the first thing (or things) that a signature runs. A group and a chord's header take them in
 * each member.
 */
export function prepend(signature: WireSignature, args: readonly unknown[]): WireSignature {
  if (args.length === 0 || signature.immutable) return signature;
  switch (kindOf(signature)) {
    case "chain": {
      const [first, ...rest] = membersOf(signature);
      return first === undefined
        ? signature
        : { ...chainOf([prepend(first, args), ...rest], signature.options), args: signature.args };
    }
    case "group":
      return groupOf(
        membersOf(signature).map((member) => prepend(member, args)),
        signature.options,
      );
    case "chord":
      return chordOf(
        membersOf(signature).map((member) => prepend(member, args)),
        decodeSignature(signature.kwargs["body"]),
        signature.options,
      );
    default:
      return { ...signature, args: [...args, ...signature.args] };
  }
}

/** Every task inside that will run under an id of its own; for storing a failure under each. */
export function taskIdsIn(signature: WireSignature): string[] {
  const kind = kindOf(signature);
  const own = signature.options["task_id"];
  const ids = kind === "task" && typeof own === "string" ? [own] : [];
  if (kind === "chain" || kind === "group") ids.push(...membersOf(signature).flatMap(taskIdsIn));
  if (kind === "chord") ids.push(...taskIdsIn(decodeSignature(signature.kwargs["body"])));
  return ids;
}

/** The signature whose result stands for the whole: the end of a chain, the body of a chord. */
export function lastOf(signature: WireSignature): WireSignature {
  if (kindOf(signature) === "chain") {
    const last = membersOf(signature).at(-1);
    return last === undefined ? signature : lastOf(last);
  }
  return kindOf(signature) === "chord" ? lastOf(decodeSignature(signature.kwargs["body"])) : signature;
}

/** Puts options on the end of a signature (see `lastOf`), wherever it is nested; groups get them in each member. */
export function onLast(
  signature: WireSignature,
  change: (last: WireSignature) => WireSignature,
): WireSignature {
  switch (kindOf(signature)) {
    case "chain": {
      const steps = chainSteps(membersOf(signature));
      const last = steps.pop();
      return last === undefined ? signature : chainOf([...steps, onLast(last, change)], signature.options);
    }
    case "chord":
      return chordOf(
        membersOf(signature),
        onLast(decodeSignature(signature.kwargs["body"]), change),
        signature.options,
      );
    case "group":
      return groupOf(
        membersOf(signature).map((member) => onLast(member, change)),
        signature.options,
      );
    default:
      return change(signature);
  }
}

/** An errback for every task of the chain, as `chain.on_error` gives it. */
export function withErrbacks(signature: WireSignature, errbacks: unknown): WireSignature {
  if (errbacks === undefined || kindOf(signature) !== "task") return signature;
  const own = (signature.options["link_error"] as unknown[] | undefined) ?? [];
  return withOptions(signature, { link_error: [...own, ...(errbacks as unknown[])] });
}

function chainMembers(chain: WireSignature): WireSignature[] {
  return membersOf(chain).map((member) => withErrbacks(member, chain.options["link_error"]));
}

function asOne(steps: readonly WireSignature[]): WireSignature {
  return steps.length === 1 ? steps[0]! : chainOf(steps);
}
