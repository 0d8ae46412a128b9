/** Where a worker begins: beside this file, as source or as built. */
export function entryUrl(kind: "thread" | "process" | "lone-thread" | "lone-process"): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./entry/${kind}.${extension}`, import.meta.url);
}
