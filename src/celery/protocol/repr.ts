/** Longest text kept for display; Celery cuts at about the same. */
const LONGEST = 1024;

/** How Python would print the value; only ever shown to people (logs, events, `argsrepr`). */
export function repr(value: unknown): string {
  const text = whole(value, 0);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}

/** Positional arguments as Python prints the tuple: `(2, 3)`, `(2,)`. */
export function reprArgs(args: readonly unknown[]): string {
  if (args.length === 0) return "()";
  const inside = repr(args);
  return `(${inside.slice(1, inside.endsWith("]") ? -1 : undefined)}${args.length === 1 ? "," : ""})`;
}

function whole(value: unknown, depth: number): string {
  if (value === null || value === undefined) return "None";
  switch (typeof value) {
    case "string":
      return quote(value);
    case "boolean":
      return value ? "True" : "False";
    case "number":
      return Number.isFinite(value)
        ? String(value)
        : Number.isNaN(value)
          ? "nan"
          : value > 0
            ? "inf"
            : "-inf";
    case "object":
      return depth > 3 ? "..." : compound(value, depth);
    default:
      return typeof value === "bigint" ? String(value) : `<${typeof value}>`;
  }
}

function compound(value: object, depth: number): string {
  if (Array.isArray(value)) {
    const shown = value.slice(0, 100).map((item) => whole(item, depth + 1));
    return `[${shown.join(", ")}${value.length > 100 ? ", ..." : ""}]`;
  }
  if (value instanceof Error) return `${value.name}(${quote(value.message)})`;
  if (value instanceof Date) return quote(value.toISOString());
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  const members = Object.entries(value).slice(0, 100);
  return `{${members.map(([k, v]) => `${quote(k)}: ${whole(v, depth + 1)}`).join(", ")}}`;
}

function quote(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  const escaped = cut.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return escaped.includes("'") && !escaped.includes('"')
    ? `"${escaped}"`
    : `'${escaped.replaceAll("'", "\\'")}'`;
}
