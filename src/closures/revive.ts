import { compileFunction } from "node:vm";
import type { Payload } from "./wire.ts";

/** Rebuilds a shipped function. Never give it a payload from a peer you do not trust: it holds code. */
export async function revive(payload: Payload): Promise<Function> {
  if (payload.kind === "ref") return ((await import(payload.url)) as Record<string, Function>)[payload.name]!;
  return (compileFunction(`"use strict";return(${payload.text})`) as () => Function)();
}
