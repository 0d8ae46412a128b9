import type { CommandTable } from "../command.ts";

/** Every command of `spool`, loaded only when it is used so that each starts fast. */
export const commands: CommandTable = {
  map: async () => (await import("./map.ts")).command,
  compare: async () => (await import("./compare.ts")).command,
  version: async () => (await import("./version.ts")).command,
};
