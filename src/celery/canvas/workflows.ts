import { ArgumentError, requireInteger } from "../../core/index.ts";
import type { Runtime } from "../runtime.ts";
import type { HasWire } from "./options.ts";
import { GroupSignature, Signature } from "./signature.ts";
import { chainOf, chordOf, groupOf, wireSignature } from "./wire.ts";

/** Something that can be called with `A` and gives `R`. */
export interface Step<A extends unknown[], R> extends HasWire {
  readonly runtime: Runtime;
  readonly accepts?: (args: A) => void;
  readonly gives?: R;
}

/** One after the other, each with the result of the one before in front of its arguments. Python: `celery.chain`. */
export function chain<A extends unknown[], R1>(a: Step<A, R1>): Signature<A, R1>;
export function chain<A extends unknown[], R1, R2>(
  a: Step<A, R1>,
  b: Step<[NoInfer<R1>], R2>,
): Signature<A, R2>;
export function chain<A extends unknown[], R1, R2, R3>(
  a: Step<A, R1>,
  b: Step<[NoInfer<R1>], R2>,
  c: Step<[NoInfer<R2>], R3>,
): Signature<A, R3>;
export function chain<A extends unknown[], R1, R2, R3, R4>(
  a: Step<A, R1>,
  b: Step<[NoInfer<R1>], R2>,
  c: Step<[NoInfer<R2>], R3>,
  d: Step<[NoInfer<R3>], R4>,
): Signature<A, R4>;
export function chain<A extends unknown[], R1, R2, R3, R4, R5>(
  a: Step<A, R1>,
  b: Step<[NoInfer<R1>], R2>,
  c: Step<[NoInfer<R2>], R3>,
  d: Step<[NoInfer<R3>], R4>,
  e: Step<[NoInfer<R4>], R5>,
): Signature<A, R5>;
/** A chain of any length, made at run time; its types are not checked. */
export function chain(steps: readonly Step<any, any>[]): Signature<any[], unknown>;
export function chain(...given: unknown[]): unknown {
  const steps = listOf(given);
  return new Signature(runtimeOf("chain", steps), chainOf(steps.map((step) => step.toWire())));
}

type Gives<S> = S extends { readonly gives?: infer R } ? R : unknown;
type Takes<S> = S extends { readonly accepts?: (args: infer A extends unknown[]) => void } ? A : any[];

/** Side by side; the results come in the order given. Python: `celery.group`. */
export function group<S extends Step<any, any>[]>(
  ...members: S
): GroupSignature<Takes<S[number]>, { -readonly [K in keyof S]: Gives<S[K]> }>;
export function group<S extends Step<any, any>>(members: readonly S[]): GroupSignature<Takes<S>, Gives<S>[]>;
export function group(...given: unknown[]): unknown {
  const members = listOf(given);
  return new GroupSignature(runtimeOf("group", members), groupOf(members.map((m) => m.toWire())));
}

/** The header side by side, then the body with the list of their results. Python: `celery.chord`. */
export function chord<S extends Step<any, any>, B>(
  header: readonly S[],
  body: Step<[NoInfer<Gives<S>>[]], B>,
): Signature<Takes<S>, B>;
export function chord<A extends unknown[], T extends unknown[], B>(
  header: GroupSignature<A, T>,
  body: Step<[NoInfer<T>], B>,
): Signature<A, B>;
export function chord(
  header: readonly Step<any, any>[] | GroupSignature,
  body: Step<any, any>,
): Signature<any[], unknown> {
  const members =
    header instanceof GroupSignature
      ? (header.toWire().kwargs["tasks"] as ReturnType<HasWire["toWire"]>[])
      : header.map((member) => member.toWire());
  return new Signature(body.runtime, chordOf(members, body.toWire()));
}

/** A task as `map` and its kin take it: called once for each item, inside one message. */
type Mappable<A extends unknown[], R> = {
  readonly runtime: Runtime;
  s(): Step<A, R>;
};

/** One message that calls the task for each item and gives the list. Python: `task.map`. */
export function map<A extends unknown[], R>(
  task: Mappable<A, R>,
  items: Iterable<A[0]>,
): Signature<any[], R[]> {
  return overItems("celery.map", task, [...items]);
}

/** As `map`, with each item a list of arguments. Python: `task.starmap`. */
export function starmap<A extends unknown[], R>(
  task: Mappable<A, R>,
  items: Iterable<A>,
): Signature<any[], R[]> {
  return overItems("celery.starmap", task, [...items]);
}

/** A group of messages with `size` items each. Python: `task.chunks`. */
export function chunks<A extends unknown[], R>(
  task: Mappable<A, R>,
  items: Iterable<A>,
  size: number,
): GroupSignature<any[], R[][]> {
  requireInteger("size", size, 1);
  const list = [...items];
  const members = Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    overItems("celery.starmap", task, list.slice(i * size, (i + 1) * size)).toWire(),
  );
  return new GroupSignature(task.runtime, groupOf(members));
}

function overItems<A extends unknown[], R>(
  name: string,
  task: Mappable<A, R>,
  it: readonly unknown[],
): Signature<any[], R[]> {
  const kwargs = { task: task.s().toWire(), it };
  return new Signature(task.runtime, wireSignature(name, { kwargs, immutable: true }));
}

function listOf(given: unknown[]): Step<any, any>[] {
  return (given.length === 1 && Array.isArray(given[0]) ? given[0] : given) as Step<any, any>[];
}

function runtimeOf(what: string, steps: readonly Step<any, any>[]): Runtime {
  const first = steps[0];
  if (first === undefined) throw new ArgumentError(`\`${what}\` needs at least one signature`);
  return first.runtime;
}
