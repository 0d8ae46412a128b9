import { revive, unpackArguments } from "../../closures/index.ts";
import { type LoneStart, setLoneInfo } from "../lone.ts";

/** Runs the one function of a lone thread or process. */
export async function runLone(start: LoneStart): Promise<void> {
  setLoneInfo(start.info);
  if (start.target === null) return;
  const target = (await revive(start.target)) as (...args: unknown[]) => unknown;
  await target(...(await unpackArguments(start.args)));
}
