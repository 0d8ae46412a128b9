import { createRequire } from "node:module";

export type Koffi = typeof import("koffi");

/**
 * The optional peer koffi (calls into C libraries), loaded on first use; the only file that imports it. Throws Node's
 * own error when it is not installed: each user says what it needs it for.
 */
export function loadKoffi(): Koffi {
  return createRequire(import.meta.url)("koffi") as Koffi;
}
