import { compileFunction, constants } from "node:vm";
import { expectImports } from "./importer.ts";
import type { Unit } from "./wire.ts";

/** Makes one instance of a function from the values of its captured variables. */
export type Factory = (receiver: unknown, values: readonly unknown[]) => Made;

export interface Made {
  readonly value: Function;
  /** Gives a captured variable its value after the fact, which is how cycles are tied. */
  readonly set: Readonly<Record<string, (value: unknown) => void>>;
}

const factories = new Map<string, Factory>();
/** Programs have thousands of functions, not millions; text made at run time must not pile up. */
const MOST_FACTORIES = 5000;

/**
 * Compiles a function away from its module: captured variables are parameters around it. Error positions and
 * breakpoints are those of the original text. Costs about 10 us, cached by text.
 */
export function compileUnit(unit: Unit): Factory {
  const key = `${unit.url}\n${unit.line}:${unit.column}\n${unit.params.join()}\n${unit.text}`;
  let factory = factories.get(key);
  if (factory === undefined) {
    factory = compile(unit);
    if (factories.size >= MOST_FACTORIES) factories.delete(factories.keys().next().value!);
    factories.set(key, factory);
  }
  return factory;
}

/** Compiles functions over common variables; afresh each time, since each time they are new variables. */
export function compileGroup(
  cells: readonly string[],
  members: readonly { readonly unit: Unit; readonly own: readonly string[] }[],
): { set: Made["set"]; factories: Factory[] } {
  const order = members.map((_, i) => i).sort((a, b) => comparePlaces(members[a]!.unit, members[b]!.unit));
  const first = members[order[0]!]!.unit;
  const layout = new Layout(first.line - 1, `return[${setters(cells)}`);
  for (const index of order) {
    const { unit, own } = members[index]!;
    layout.put(`,function(${own.join()}){${strictness(unit)}return[${opening(unit)}`);
    layout.moveTo(unit.line, unit.column);
    layout.put(`${unit.text}${closing(unit)},${setters(own)}]}`);
  }
  layout.put("]");
  const made = compileText(layout.text, cells, first, layout.firstLine, 0)() as [Made["set"], ...Function[]];
  const [set, ...inOrder] = made;
  const result: Factory[] = [];
  order.forEach((index, i) => {
    const { unit } = members[index]!;
    result[index] = (receiver, values) => finish(unit, inOrder[i]!.apply(receiver, values) as Parts);
  });
  return { set, factories: result };
}

type Parts = [unknown, Made["set"]];

function compile(unit: Unit): Factory {
  const head = `${strictness(unit)}return[${opening(unit)}`;
  const tail = `${closing(unit)},${setters(unit.params)}]`;
  const { before, line, column } = lead(unit, head);
  const body = before + unit.text + tail;
  // Tools that merge coverage by place expect every script of one name to be of one length.
  const text = unit.offset < 0 ? body : body.padEnd(unit.length);
  const compiled = compileText(text, unit.params, unit, line, column);
  return (receiver, values) => finish(unit, compiled.apply(receiver, values) as Parts);
}

/** What to put before the text so that it stands at its line and column, and, for coverage, at its offset. */
function lead(unit: Unit, head: string): { before: string; line: number; column: number } {
  const { line, column, offset } = unit;
  const first = offset - line - column;
  if (offset >= 0 && line > 0 && first >= head.length) {
    const before = head + " ".repeat(first - head.length) + "\n".repeat(line) + " ".repeat(column);
    return { before, line: 0, column: 0 };
  }
  if (offset >= 0 && line === 0 && column >= head.length)
    return { before: head.padEnd(column), line: 0, column: 0 };
  if (column >= head.length) return { before: head, line, column: column - head.length };
  return { before: `${head}\n${" ".repeat(column)}`, line: line - 1, column: 0 };
}

function compileText(
  text: string,
  params: readonly string[],
  unit: Unit,
  lineOffset: number,
  columnOffset: number,
): Function {
  const dynamic = /\bimport\b/.test(text);
  if (dynamic) expectImports();
  return compileFunction(text, params, {
    filename: unit.url,
    lineOffset,
    columnOffset,
    ...(dynamic ? { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER } : {}),
  });
}

function finish(unit: Unit, [made, set]: Parts): Made {
  if (unit.form === "expression") return { value: made as Function, set };
  const holder = made as object;
  const [property] = Object.values(Object.getOwnPropertyDescriptors(holder)) as [PropertyDescriptor];
  return { value: (property.value ?? property.get ?? property.set) as Function, set };
}

function strictness(unit: Unit): string {
  return unit.strict ? '"use strict";' : "";
}

function opening(unit: Unit): string {
  return unit.form === "method" ? "({" : "(";
}

function closing(unit: Unit): string {
  return unit.form === "method" ? "})" : ")";
}

function setters(names: readonly string[]): string {
  return `{${names.map((name) => `${name}:$spool=>{${name}=$spool}`).join()}}`;
}

function comparePlaces(a: Unit, b: Unit): number {
  return a.line - b.line || a.column - b.column;
}

/** Text being written, with the line and column it has reached in the original script. */
class Layout {
  readonly firstLine: number;
  text: string;
  #line: number;

  constructor(line: number, text: string) {
    this.firstLine = line;
    this.#line = line;
    this.text = text;
  }

  put(text: string): void {
    this.text += text;
    this.#line += text.match(/\r\n|[\n\r\u2028\u2029]/g)?.length ?? 0;
  }

  /** Blank space up to a place; where the text is past it already, positions after it are off. */
  moveTo(line: number, column: number): void {
    if (line > this.#line) this.put("\n".repeat(line - this.#line));
    const reached = this.text.length - (this.text.lastIndexOf("\n") + 1);
    if (line === this.#line && column > reached) this.put(" ".repeat(column - reached));
  }
}
