import type { Shipment } from "./wire.ts";
import type { FunctionWire, Payload } from "./wire.ts";

/**
 * Shipments of functions whose captures cannot change, by the function, and by what they say: a loop that submits
 * `x => x * factor` makes a new function each time, but it is the same shipment.
 */
export class ShipmentCache {
  #byFunction = new WeakMap<Function, Shipment>();
  readonly #byText = new Map<string, Shipment>();
  readonly #byContent = new Map<string, Shipment>();

  find(fn: Function): Shipment | undefined {
    const known = this.#byFunction.get(fn);
    if (known !== undefined || this.#byText.size === 0) return known;
    if (Object.keys(fn).length > 0) return undefined;
    const same = this.#byText.get(textKey(fn));
    if (same !== undefined) this.#byFunction.set(fn, same);
    return same;
  }

  /** The shipment to use for a newly captured function: an older one that says the same, or a new one. */
  keep(fn: Function, payload: Payload, make: () => Shipment): Shipment {
    const content = contentKey(payload);
    const shipment = (content === undefined ? undefined : this.#byContent.get(content)) ?? make();
    this.#byFunction.set(fn, shipment);
    if (content !== undefined) put(this.#byContent, content, shipment);
    if (isClosed(payload)) put(this.#byText, textKey(fn), shipment);
    return shipment;
  }

  clear(): void {
    this.#byFunction = new WeakMap();
    this.#byText.clear();
    this.#byContent.clear();
  }
}

const MOST_ENTRIES = 1000;
/** What is larger is not worth comparing. */
const MOST_NODES = 12;
const LONGEST_TEXT = 4000;

function put(map: Map<string, Shipment>, key: string, shipment: Shipment): void {
  if (map.size >= MOST_ENTRIES) map.delete(map.keys().next().value!);
  map.set(key, shipment);
}

function textKey(fn: Function): string {
  return `${fn.name}\n${Function.prototype.toString.call(fn)}`;
}

/** One function that uses nothing from outside means the same wherever it stands; errors, though, name their place. */
function isClosed({ nodes, units }: Payload): boolean {
  const [node] = nodes as [FunctionWire];
  if (nodes.length !== 1 || node.kind !== "function" || !node.closed || node.props.length > 0) return false;
  return node.classId === "" && node.prototype.length === 0 && !/throw|Error/.test(units[0]!.text);
}

function contentKey({ nodes, units, groups, root }: Payload): string | undefined {
  if (nodes.length > MOST_NODES || groups.length > 0) return undefined;
  for (const node of nodes) {
    if (node.kind === "raw" && !isExactInJson(node.value)) return undefined;
    if (node.kind === "symbol" || node.kind === "share" || node.kind === "object") return undefined;
  }
  const key = JSON.stringify([root, nodes, units]);
  return key.length > LONGEST_TEXT ? undefined : key;
}

function isExactInJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value === "string" || typeof value === "boolean";
}
