import { createRequire } from "node:module";

/**
 * What this package uses of koffi. Spelled out here, so that the types of this package stand without koffi's own where
 * that optional peer is not installed.
 */
export interface Koffi {
  load(path: string | null): { func(...definition: any[]): (...args: any[]) => any };
  address(value: unknown): number | bigint;
  errno(value?: number): number;
  view(address: unknown, length: number): ArrayBuffer;
}

/**
 * The optional peer koffi (calls into C libraries), loaded on first use; the only file that imports it. Throws Node's
 * own error when it is not installed: each user says what it needs it for.
 */
export function loadKoffi(): Koffi {
  return createRequire(import.meta.url)("koffi") as Koffi;
}
