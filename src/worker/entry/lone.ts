import { revive, unpackArguments } from "../../closures/index.ts";
import { inherit } from "../heirlooms.ts";
import { setIdle } from "../loading.ts";
import { type LoneMessage, setLoneInfo } from "../lone.ts";

/** Runs the one function of a lone thread or process. */
export async function runLone(start: LoneMessage): Promise<void> {
  inherit(start.heirlooms);
  setLoneInfo(start.info);
  if (start.target === null) return;
  let hasBegun = false;
  setIdle(() => !hasBegun);
  const target = (await revive(start.target)) as (...args: unknown[]) => unknown;
  const args = await unpackArguments(start.args);
  hasBegun = true;
  await target(...args);
}
