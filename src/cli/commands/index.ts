import type { CommandTable } from "../command.ts";

/** Every command of `spool`, loaded only when it is used so that each starts fast. */
export const commands: CommandTable = {
  version: async () => (await import("./version.ts")).command,
};
