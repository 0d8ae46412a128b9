import { inspect } from "node:util";

/** Prints an answer: JSON on one line, or `NODE: ...` as people read it. */
export function printAnswers(answers: Readonly<Record<string, unknown>>, json: boolean): void {
  for (const [node, answer] of Object.entries(answers)) {
    if (json) print(JSON.stringify({ node, answer }));
    else print(`-> ${node}: ${shown(answer)}`);
  }
}

/** Prints one value. */
export function printValue(value: unknown, json: boolean): void {
  print(json ? JSON.stringify(value) : shown(value));
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "ok" in value) return `OK ${String(value.ok)}`;
  if (typeof value === "object" && value !== null && "error" in value) return `ERROR ${String(value.error)}`;
  return inspect(value, { depth: 6, breakLength: 100 });
}
