import { ContentDisallowed, DecodeError, EncodeError, UnsupportedError } from "../../core/index.ts";
import { decodeJson, encodeJson } from "./json.ts";

/** The serializers by Celery's own names. Pickle is not among them: it runs code, and only Python has it. */
export type SerializerName = "json" | "msgpack" | "yaml" | "raw";

export interface Encoded {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Uint8Array;
}

interface Serializer {
  readonly contentType: string;
  readonly contentEncoding: string;
  encode(value: unknown): Uint8Array;
  decode(body: Uint8Array): unknown;
}

/** Writes `value`; `msgpack` and `yaml` must have been made ready with `loadSerializer`. */
export function encode(value: unknown, name: SerializerName = "json"): Encoded {
  const serializer = find(name);
  const { contentType, contentEncoding } = serializer;
  try {
    return { contentType, contentEncoding, body: serializer.encode(value) };
  } catch (error) {
    if (error instanceof EncodeError || error instanceof UnsupportedError) throw error;
    throw new EncodeError(`${name} cannot write the value: ${(error as Error).message}`, { cause: error });
  }
}

/** Reads a body whose content type is one of `accept`. */
export function decode(message: Encoded, accept: readonly SerializerName[]): unknown {
  const name = NAMES.get(message.contentType) ?? (message.contentType === "" ? "raw" : undefined);
  if (name === undefined || !accept.includes(name)) {
    throw new ContentDisallowed(
      `The content type ${JSON.stringify(message.contentType)} is not accepted here (${accept.join(", ")})`,
    );
  }
  try {
    return find(name).decode(message.body);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof UnsupportedError) throw error;
    throw new DecodeError(`The ${name} body cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Loads the optional package behind a serializer. A no-op for `json`. */
export async function loadSerializer(name: SerializerName): Promise<void> {
  if (serializers.has(name)) return;
  if (name === "msgpack") serializers.set(name, await msgpack());
  else if (name === "yaml") serializers.set(name, await yaml());
  else throw new UnsupportedError(`There is no serializer ${JSON.stringify(name)}: json, msgpack, yaml, raw`);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

const serializers = new Map<SerializerName, Serializer>([
  [
    "json",
    {
      contentType: "application/json",
      contentEncoding: "utf-8",
      encode: (value) => Buffer.from(encodeJson(value), "utf8"),
      decode: (body) => decodeJson(utf8.decode(body)),
    },
  ],
  [
    "raw",
    {
      contentType: "application/data",
      contentEncoding: "binary",
      encode: (value) => value as Uint8Array,
      decode: (body) => body,
    },
  ],
]);

const NAMES = new Map<string, SerializerName>([
  ["application/json", "json"],
  ["application/x-msgpack", "msgpack"],
  ["application/x-yaml", "yaml"],
  ["application/data", "raw"],
]);

function find(name: SerializerName): Serializer {
  const serializer = serializers.get(name);
  if (serializer === undefined)
    throw new UnsupportedError(`The serializer ${JSON.stringify(name)} is not loaded`);
  return serializer;
}

async function msgpack(): Promise<Serializer> {
  const { encode: pack, decode: unpack } = await import("@msgpack/msgpack").catch(
    missing("@msgpack/msgpack"),
  );
  return {
    contentType: "application/x-msgpack",
    contentEncoding: "binary",
    encode: (value) => pack(value, { ignoreUndefined: true, useBigInt64: hasBigInt(value) }),
    decode: (body) => narrow(unpack(body, { useBigInt64: true })),
  };
}

async function yaml(): Promise<Serializer> {
  const { parse, stringify } = await import("yaml").catch(missing("yaml"));
  return {
    contentType: "application/x-yaml",
    contentEncoding: "utf-8",
    encode: (value) =>
      Buffer.from(stringify(value, { aliasDuplicateObjects: false, version: "1.1" }), "utf8"),
    decode: (body) =>
      narrow(parse(utf8.decode(body), { intAsBigInt: true, maxAliasCount: 100, version: "1.1" })),
  };
}

function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new UnsupportedError(`This serializer needs the package ${name}: run \`npm install ${name}\``, {
      cause,
    });
  };
}

function hasBigInt(value: unknown): boolean {
  if (typeof value === "bigint") return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasBigInt);
}

/** Integers that a number holds exactly become numbers again; only larger ones stay bigints. */
function narrow(value: unknown): unknown {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Date)
    return value;
  if (Array.isArray(value)) return value.map(narrow);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, narrow(v)]));
}
