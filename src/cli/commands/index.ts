import type { CommandTable } from "../command.ts";

/** Every command of `spool`, loaded only when it is used so that each starts fast. */
export const commands: CommandTable = {
  map: async () => (await import("./map.ts")).command,
  compare: async () => (await import("./compare.ts")).command,
  ps: async () => (await import("./ps.ts")).command,
  pstree: async () => (await import("./pstree.ts")).command,
  top: async () => (await import("./top.ts")).command,
  record: async () => (await import("./record.ts")).command,
  dump: async () => (await import("./dump.ts")).command,
  stalls: async () => (await import("./stalls.ts")).command,
  mem: async () => (await import("./mem.ts")).command,
  celery: async () => (await import("./celery.ts")).command,
  blocking: async () => (await import("./blocking.ts")).command,
  completions: async () => (await import("./completions.ts")).completionsOf(commands),
  version: async () => (await import("./version.ts")).command,
};
