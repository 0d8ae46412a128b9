import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UnsupportedError } from "../core/index.ts";

/** Where a worker begins: beside this file, as source or as built. */
export function entryUrl(kind: "thread" | "process" | "lone-thread" | "lone-process"): URL {
  const [, extension] = /\/worker\/entry-url\.([jt]s)$/.exec(import.meta.url ?? "") ?? [];
  if (extension === undefined) return installedEntry(kind);
  return new URL(`./entry/${kind}.${extension}`, import.meta.url);
}

/** In a bundle this file lies among the program's own, but the workers' code is still where npm put it. */
function installedEntry(kind: string): URL {
  for (const from of [process.argv[1], join(process.cwd(), "package.json")]) {
    if (from === undefined) continue;
    try {
      const manifest = createRequire(from).resolve("spool/package.json");
      return new URL(`./dist/worker/entry/${kind}.js`, pathToFileURL(manifest));
    } catch {
      // Not installed there: the next place may know it.
    }
  }
  throw new UnsupportedError(
    "spool was bundled, and its workers' code is not to be found: install spool beside the bundle, or keep it out of the bundle (esbuild: --external:spool)",
  );
}
