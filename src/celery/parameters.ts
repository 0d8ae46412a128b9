import { type Node, parse } from "acorn";
import { TaskError } from "../core/index.ts";

/** A function's parameters as far as a call from Python needs them. */
export interface Parameters_ {
  /** Positional names in order; a parameter that is taken apart (`{ a, b }`) has none. */
  readonly names: readonly (string | undefined)[];
  /** How many must be given. */
  readonly required: number;
  readonly rest: boolean;
}

/** Reads the parameters from the function's own text; undefined where it has none to read (native, bound). */
export function parametersOf(fn: (...args: never[]) => unknown): Parameters_ | undefined {
  const known = cache.get(fn);
  if (known !== undefined || cache.has(fn)) return known;
  const found = read(fn);
  cache.set(fn, found);
  return found;
}

/**
 * The argument list for a call with keyword arguments: each goes to the parameter of its name, and what is left goes
 * into a last parameter that is taken apart or comes after all others. A call that Python would refuse is refused with
 * Python's words.
 */
export function bindArguments(
  task: string,
  parameters: Parameters_ | undefined,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const names = Object.keys(kwargs);
  if (parameters === undefined) return names.length === 0 ? args : [...args, kwargs];
  if (names.length === 0 && args.length >= parameters.required && fits(parameters, args.length)) return args;
  return bind(shortName(task), parameters, args, kwargs);
}

function bind(
  name: string,
  parameters: Parameters_,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  if (!fits(parameters, args.length)) {
    const most = parameters.names.length;
    throw typeError(
      `${name}() takes ${most} positional argument${most === 1 ? "" : "s"} but ${args.length} ${args.length === 1 ? "was" : "were"} given`,
    );
  }
  const bound = [...args];
  const left: Record<string, unknown> = { ...kwargs };
  parameters.names.forEach((parameter, index) => {
    if (parameter === undefined || !Object.hasOwn(left, parameter)) return;
    if (index < args.length) throw typeError(`${name}() got multiple values for argument '${parameter}'`);
    bound[index] = left[parameter];
    delete left[parameter];
  });
  placeRest(name, parameters, bound, left);
  const missing = parameters.names.findIndex((_, index) => index < parameters.required && !(index in bound));
  if (missing >= 0) {
    throw typeError(
      `${name}() missing 1 required positional argument: '${parameters.names[missing] ?? `#${missing + 1}`}'`,
    );
  }
  return bound;
}

function placeRest(
  name: string,
  parameters: Parameters_,
  bound: unknown[],
  left: Record<string, unknown>,
): void {
  const [first] = Object.keys(left);
  const last = parameters.names.length - 1;
  const apart = last >= 0 && parameters.names[last] === undefined && !(last in bound);
  if (first === undefined && !(apart && last < parameters.required)) return;
  if (!apart) throw typeError(`${name}() got an unexpected keyword argument '${first}'`);
  bound[last] = left;
}

function fits(parameters: Parameters_, count: number): boolean {
  return parameters.rest || count <= parameters.names.length;
}

function typeError(message: string): TaskError {
  return new TaskError(message, { type: "TypeError", module: "builtins" });
}

function shortName(task: string): string {
  return task.slice(task.lastIndexOf(".") + 1);
}

const cache = new WeakMap<object, Parameters_ | undefined>();

interface FunctionNode extends Node {
  readonly params: readonly (Node & { readonly name?: string; readonly left?: Node & { name?: string } })[];
}

function read(fn: (...args: never[]) => unknown): Parameters_ | undefined {
  const node = parseFunction(Function.prototype.toString.call(fn));
  if (node === undefined) return undefined;
  const rest = node.params.some((parameter) => parameter.type === "RestElement");
  const positional = node.params.filter((parameter) => parameter.type !== "RestElement");
  const optional = positional.findIndex((parameter) => parameter.type === "AssignmentPattern");
  return {
    names: positional.map((parameter) => parameter.name ?? parameter.left?.name),
    required: optional < 0 ? positional.length : optional,
    rest,
  };
}

/** A method's text is only legal inside an object, so that is tried second. */
function parseFunction(text: string): FunctionNode | undefined {
  for (const source of [`(${text})`, `({${text}})`]) {
    try {
      const program = parse(source, { ecmaVersion: "latest" }) as unknown as {
        body: [{ expression: FunctionNode & { properties?: [{ value: FunctionNode }] } }];
      };
      const { expression } = program.body[0];
      const node = expression.properties?.[0].value ?? expression;
      if (Array.isArray(node.params)) return node;
    } catch {
      // Not of this form.
    }
  }
  return undefined;
}
