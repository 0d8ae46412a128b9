import { randomUUID } from "node:crypto";
import { ArgumentError, UnsupportedError } from "../../core/index.ts";
import type { ChordCounter, ResultTuple } from "../backends/backend.ts";
import { decodeSignature, type WireSignature } from "../protocol/task-message.ts";
import { currentTask } from "../request.ts";
import type { Runtime } from "../runtime.ts";
import { taskCall } from "./call.ts";
import {
  chainSteps,
  chunksToMembers,
  flattenGroup,
  followedBy,
  lastOf,
  membersOf,
  onLast,
  prepend,
  withErrbacks,
} from "./shape.ts";
import { chainOf, chordOf, groupOf, kindOf, mergeOptions, withOptions, type WireOptions } from "./wire.ts";

/** A workflow with every id decided, ready to be sent. Deciding is synchronous, so that results are known at once. */
export interface Plan {
  readonly result: ResultTuple;
  send(): Promise<void>;
}

export interface PlanInput {
  /** Prepended to the arguments of what runs first. */
  readonly args?: readonly unknown[];
  /** What comes after, in reverse as on the wire. */
  readonly chain?: readonly WireSignature[];
  /** Over the signature's own options: parent and root ids, queue, priority ... */
  readonly options?: WireOptions;
}

/** Plans any signature; the same for a client's call and for a worker that goes on with a chain or chord. */
export function plan(runtime: Runtime, signature: WireSignature, input: PlanInput = {}): Plan {
  const planned = planKind(runtime, signature, input);
  currentTask()?.children.push(planned.result);
  return planned;
}

function planKind(runtime: Runtime, signature: WireSignature, input: PlanInput): Plan {
  const ready = prepend(
    { ...signature, options: mergeOptions(signature.options, input.options ?? {}) },
    input.args ?? [],
  );
  const rest = input.chain ?? [];
  switch (kindOf(ready)) {
    case "chain":
      return planChain(runtime, ready, rest);
    case "group":
    case "chunks":
      return rest.length > 0
        ? planChord(runtime, followedBy(ready, rest.toReversed()))
        : planGroup(runtime, ready);
    case "chord":
      return planChord(runtime, followedBy(ready, rest.toReversed()));
    default:
      return planTask(runtime, ready, rest);
  }
}

function planTask(runtime: Runtime, signature: WireSignature, chain: readonly WireSignature[]): Plan {
  const call = taskCall(runtime, signature, chain);
  return {
    result: [[call.headers.id, null], null],
    send: () => (runtime.eager === undefined ? runtime.publisher.send(call) : runtime.eager(call)),
  };
}

function planChain(runtime: Runtime, chain: WireSignature, after: readonly WireSignature[]): Plan {
  const errbacks = chain.options["link_error"];
  const members = [...membersOf(chain), ...after.toReversed()].map((m) => withErrbacks(m, errbacks));
  const steps = chainSteps(members).map((step) => identified(runtime, step));
  const first = steps.shift();
  if (first === undefined) throw new ArgumentError("A chain needs at least one task");
  const { planned, rest } = planFirst(runtime, first, steps, chain.options);
  let result = planned.result;
  for (const step of rest) result = resultOf(step, result);
  return { result, send: () => planned.send() };
}

/** The chain's own options (parent, root, countdown, membership of a chord ...) belong to its first or last task. */
function planFirst(
  runtime: Runtime,
  first: WireSignature,
  rest: readonly WireSignature[],
  options: WireOptions,
): { planned: Plan; rest: readonly WireSignature[] } {
  const { task_id: _id, link_error: _errbacks, link, group_id, group_index, chord, ...forFirst } = options;
  const forLast = { link, group_id, group_index, chord };
  const steps = [first, ...rest];
  const last = steps.length - 1;
  steps[last] = onLast(steps[last]!, (end) => withOptions(end, forLast));
  const input = { chain: steps.slice(1).reverse(), options: forFirst };
  return { planned: planKind(runtime, steps[0]!, input), rest: steps.slice(1) };
}

function planGroup(runtime: Runtime, group: WireSignature): Plan {
  const { task_id, group_id, link, link_error, ...shared } = group.options;
  const id = textOr(group_id ?? task_id);
  const raw = kindOf(group) === "chunks" ? chunksToMembers(group) : membersOf(group);
  const plans = flattenGroup(raw).map((member, index) =>
    planKind(runtime, member, { options: { ...shared, link, link_error, group_id: id, group_index: index } }),
  );
  return {
    result: [[id, null], plans.map((p) => p.result)],
    send: async () => void (await Promise.all(plans.map((p) => p.send()))),
  };
}

function planChord(runtime: Runtime, chord: WireSignature): Plan {
  const { task_id, group_id, group_index, chord: outer, link, link_error, ...shared } = chord.options;
  const groupId = textOr(task_id);
  const forBody = { group_id, group_index, chord: outer, link, link_error };
  const joinedBody = onLast(decodeSignature(chord.kwargs["body"]), (end) => withOptions(end, forBody));
  const body = identified(runtime, joinedBody);
  const header = flattenGroup(membersOf(chord));
  if (header.length === 0) return planKind(runtime, body, { args: [[]], options: shared });
  let size = 0;
  const plans = header.map((member) => {
    const joined = onLast(member, (end) =>
      withOptions(end, { group_id: groupId, group_index: size++, chord: body }),
    );
    return planKind(runtime, joined, { options: shared });
  });
  const headerResult: ResultTuple = [[groupId, null], plans.map((p) => p.result)];
  return {
    result: resultOf(body, headerResult),
    send: async () => {
      await (await chordCounter(runtime)).setSize(groupId, size);
      await Promise.all(plans.map((p) => p.send()));
    },
  };
}

async function chordCounter(runtime: Runtime): Promise<ChordCounter> {
  const { chords } = await runtime.connections.backend();
  if (chords !== undefined) return chords;
  throw new UnsupportedError(
    "Chords need a backend that can count (redis://, sqlite://, memory://); rpc:// results cannot",
  );
}

/** Gives every task inside its id beforehand, so that whoever runs the next step uses the id the client waits for. */
function identified(runtime: Runtime, signature: WireSignature): WireSignature {
  switch (kindOf(signature)) {
    case "chain": {
      const steps = chainSteps(membersOf(signature)).map((step) => identified(runtime, step));
      const last = steps.at(-1);
      const task_id = last === undefined ? undefined : lastOf(last).options["task_id"];
      return chainOf(steps, mergeOptions(signature.options, { task_id }));
    }
    case "group":
    case "chord":
    case "chunks":
      return identifiedGroup(runtime, signature);
    default:
      return withOptions(signature, {
        task_id: textOr(signature.options["task_id"]),
        reply_to: signature.options["reply_to"] ?? runtime.connections.oid,
      });
  }
}

function identifiedGroup(runtime: Runtime, signature: WireSignature): WireSignature {
  const options = mergeOptions(signature.options, { task_id: textOr(signature.options["task_id"]) });
  if (kindOf(signature) !== "chord") {
    const raw = kindOf(signature) === "chunks" ? chunksToMembers(signature) : membersOf(signature);
    return groupOf(
      flattenGroup(raw).map((step) => identified(runtime, step)),
      options,
    );
  }
  const body = identified(runtime, decodeSignature(signature.kwargs["body"]));
  return chordOf(
    flattenGroup(membersOf(signature)).map((step) => identified(runtime, step)),
    body,
    options,
  );
}

/** The result of an identified signature, with what came before it as its parent. */
function resultOf(signature: WireSignature, parent: ResultTuple): ResultTuple {
  switch (kindOf(signature)) {
    case "chain":
      return membersOf(signature).reduce((before, step) => resultOf(step, before), parent);
    case "group": {
      const children = membersOf(signature).map((member) => resultOf(member, parent));
      return [[String(signature.options["task_id"]), parent], children];
    }
    case "chord": {
      const header: ResultTuple = [
        [String(signature.options["task_id"]), parent],
        membersOf(signature).map((member) => resultOf(member, parent)),
      ];
      return resultOf(decodeSignature(signature.kwargs["body"]), header);
    }
    default:
      return [[String(signature.options["task_id"]), parent], null];
  }
}

function textOr(value: unknown): string {
  return typeof value === "string" ? value : randomUUID();
}
