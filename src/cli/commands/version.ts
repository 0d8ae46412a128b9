import { readFileSync } from "node:fs";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "print the version of spool and of Node",
  help: "usage: spool version",
  async run() {
    const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    process.stdout.write(`spool ${manifest.version} (node ${process.version})\n`);
    return 0;
  },
};
