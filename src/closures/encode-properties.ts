import type { Encoding } from "./encoding.ts";
import { type Property, CONFIGURABLE, ENUMERABLE, NONE, WRITABLE } from "./wire.ts";

/** Own properties as they are: attributes, accessors, symbol keys. */
export function encodeProperties(enc: Encoding, value: object, keys: readonly PropertyKey[]): Property[] {
  return keys.map((key) => encodeProperty(enc, value, key as string | symbol));
}

export function encodeProperty(enc: Encoding, holder: object, key: string | symbol): Property {
  const property = Object.getOwnPropertyDescriptor(holder, key)!;
  const label =
    typeof key === "symbol" ? `[${String(key)}]` : /^[\w$]+$/.test(key) ? `.${key}` : `["${key}"]`;
  const attributes =
    (property.writable === true ? WRITABLE : 0) |
    (property.enumerable === true ? ENUMERABLE : 0) |
    (property.configurable === true ? CONFIGURABLE : 0);
  const wireKey = typeof key === "symbol" ? enc.encode(key, label) : key;
  if ("value" in property) return { key: wireKey, attributes, value: enc.encode(property.value, label) };
  const accessor = (fn: Function | undefined, kind: string): number =>
    fn === undefined ? NONE : enc.encode(fn, `${label} (${kind})`);
  const get = accessor(property.get, "getter");
  return { key: wireKey, attributes, value: NONE, get, set: accessor(property.set, "setter") };
}
