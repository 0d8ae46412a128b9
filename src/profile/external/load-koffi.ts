import { UnsupportedError } from "../../core/index.ts";
import { type Libc, bindLibc, type ForeignFunctions } from "./libc.ts";

/** The C library through koffi; undefined when koffi is not installed. */
export async function tryLibc(): Promise<Libc | undefined> {
  try {
    const loaded = (await import("koffi")) as unknown as { default: ForeignFunctions };
    return bindLibc(loaded.default);
  } catch {
    return undefined;
  }
}

/** As `tryLibc`, but an error where running threads must be seen. */
export async function requireLibc(): Promise<Libc> {
  const libc = await tryLibc();
  if (libc !== undefined) return libc;
  throw new UnsupportedError(
    "sampling from outside needs the optional package koffi: npm install koffi (or leave out --external)",
  );
}
