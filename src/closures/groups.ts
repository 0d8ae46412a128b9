import type { Variable } from "./syntax.ts";
import type { Capture } from "./encoding.ts";
import type { FunctionWire, Group, Slot } from "./wire.ts";

/**
 * A variable that one shipped function assigns and another reads must be one variable on the other side too. V8
 * shows the values of a scope but not which functions share it, so that is inferred: functions share a scope of a
 * module; functions share any other scope when it holds the same values, and when those are all primitive, as long
 * as no function would stand in it twice.
 */
export function shareCells(captures: readonly Capture[], slotOf: (fn: FunctionWire) => Slot): Group[] {
  const cells = cellsOf(captures).filter(
    (cell) => cell.captures.length > 1 && cell.captures.some((capture) => capture.written),
  );
  if (cells.length === 0) return [];
  return connected(cells).map((group) => toGroup(group, slotOf));
}

interface Cell {
  readonly variable: Variable;
  readonly captures: Capture[];
}

function cellsOf(captures: readonly Capture[]): Cell[] {
  const cells: Cell[] = [];
  for (const capture of captures) {
    const cell = cells.find((c) => c.variable === capture.variable && belongs(c, capture));
    if (cell === undefined) cells.push({ variable: capture.variable, captures: [capture] });
    else cell.captures.push(capture);
  }
  return cells;
}

function belongs(cell: Cell, capture: Capture): boolean {
  if (capture.variable.scope.parent === null) return true;
  const [first] = cell.captures as [Capture];
  const same = compare(first.scope.variables, capture.scope.variables);
  if (same !== "primitive") return same === "object";
  return !cell.captures.some((other) => other.place === capture.place);
}

/** Whether two scopes hold the same values, and whether an object among them makes that certain. */
function compare(
  a: Record<string, unknown>,
  b: Record<string, unknown>,
): "different" | "primitive" | "object" {
  let object = false;
  for (const key of Object.keys(a)) {
    const value = read(a, key);
    if (!Object.is(value, read(b, key))) return "different";
    object ||= (typeof value === "object" && value !== null) || typeof value === "function";
  }
  return object ? "object" : "primitive";
}

function read(variables: Record<string, unknown>, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return undefined;
  }
}

/** Cells with a function in common, directly or over others, end up in one compilation. */
function connected(cells: readonly Cell[]): Cell[][] {
  const groups: { cells: Cell[]; members: Set<FunctionWire> }[] = [];
  for (const cell of cells) {
    const members = new Set(cell.captures.map((capture) => capture.fn));
    const joined = { cells: [cell], members };
    for (let i = groups.length - 1; i >= 0; i--) {
      const group = groups[i]!;
      if (![...members].some((fn) => group.members.has(fn))) continue;
      joined.cells.push(...group.cells);
      for (const fn of group.members) members.add(fn);
      groups.splice(i, 1);
    }
    groups.push(joined);
  }
  return groups.map((group) => group.cells);
}

function toGroup(cells: readonly Cell[], slotOf: (fn: FunctionWire) => Slot): Group {
  const members = new Set<FunctionWire>();
  const named = new Map<string, { name: string; value: Slot; users: Slot[] }>();
  for (const { variable, captures } of cells) {
    // Two variables of one name in one compilation would hide each other: the second stays a copy.
    if (named.has(variable.name)) continue;
    const [first] = captures as [Capture];
    named.set(variable.name, {
      name: variable.name,
      value: first.fn.env[first.index]!,
      users: captures.map(({ fn }) => slotOf(fn)),
    });
    for (const { fn } of captures) members.add(fn);
  }
  return { cells: [...named.values()], members: [...members].map(slotOf) };
}
