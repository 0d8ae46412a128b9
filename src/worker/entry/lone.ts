import { revive, unpackArguments } from "../../closures/index.ts";
import { setIdle } from "../loading.ts";
import { type LoneStart, setLoneInfo } from "../lone.ts";

/** Runs the one function of a lone thread or process. */
export async function runLone(start: LoneStart): Promise<void> {
  setLoneInfo(start.info);
  if (start.target === null) return;
  let hasBegun = false;
  setIdle(() => !hasBegun);
  const target = (await revive(start.target)) as (...args: unknown[]) => unknown;
  const args = await unpackArguments(start.args);
  hasBegun = true;
  await target(...args);
}
