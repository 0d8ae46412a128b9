import type { FunctionNode, Use } from "./syntax.ts";
import { whereIs } from "./capture-error.ts";
import { encodePicked } from "./captured.ts";
import type { Encoding } from "./encoding.ts";
import { type Located, debuggerAttached } from "./probe.ts";
import type { Place } from "./scripts.ts";
import { type Slot, NONE } from "./wire.ts";

/**
 * `this` of an arrow. V8 does not list it among the captures, so it is read from the frame of the function around
 * the arrow, which is still on the stack when an arrow is written in the call that submits it.
 */
export function captureThis(
  enc: Encoding,
  uses: readonly Use[],
  at: Located,
  place: Place,
  holder: object | null,
): Slot {
  if (uses.length === 0) return NONE;
  if (uses.every((use) => use.owner === -1) && place.whole) return NONE;
  enc.volatile();
  // A class field's arrow found on an object: that object is its `this`.
  if (place.fn.parent.type === "PropertyDefinition" && holder !== null) return enc.encode(holder, "`this`");
  const value = receiverOf(enc, at, place);
  if (value === undefined) refuseThis(enc, uses, place);
  return encodeThis(enc, value.value, uses);
}

function receiverOf(enc: Encoding, at: Located, place: Place): { value: unknown } | undefined {
  if (!place.whole || debuggerAttached()) return undefined;
  const around: FunctionNode[] = [];
  for (let f = place.fn.outer; f !== null; f = f.outer) {
    if (f.node.type.startsWith("Class")) break;
    around.push(f);
    if (f.node.type !== "ArrowFunctionExpression") break;
  }
  const ranges = around.map(({ node }) => ({
    from: place.script.position(node.start),
    to: place.script.position((node["body"] as { start: number }).start),
  }));
  return enc.probe.receiver(
    ({ scriptId, lineNumber: line, columnNumber: column = 0 }) =>
      scriptId === at.scriptId &&
      ranges.some(({ from, to }) => !before({ line, column }, from) && !before(to, { line, column })),
  );
}

interface LineColumn {
  readonly line: number;
  readonly column: number;
}

function before(a: LineColumn, b: LineColumn): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** When only own data properties of `this` are used, only those travel. */
function encodeThis(enc: Encoding, value: unknown, uses: readonly Use[]): Slot {
  const simple =
    typeof value === "object" &&
    value !== null &&
    uses.every(({ property }) => {
      if (property === null) return false;
      const own = Object.getOwnPropertyDescriptor(value, property);
      return own !== undefined && "value" in own && typeof own.value !== "function";
    });
  return simple ? encodePicked(enc, value, uses) : enc.encode(value, "`this`");
}

function refuseThis(enc: Encoding, uses: readonly Use[], place: Place): never {
  return enc.refuse(
    {
      code: "CAPTURE_THIS",
      problem: "`this` of the arrow function is not known: the method it was written in has returned",
      hint: "keep what you need in a variable (`const { size } = this`) and use that in the function",
    },
    whereIs(place, uses[0]!.start),
  );
}
