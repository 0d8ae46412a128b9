/**
 * cli - layer 8: the `spool` command. Not a public entry. main.ts checks the Node version, run.ts finds the command,
 * commands/ holds one file each: a command computes a value and hands it to a reporter; only reporters write to the
 * terminal. Begin with run.ts.
 */
export { runCommand } from "./run.ts";
