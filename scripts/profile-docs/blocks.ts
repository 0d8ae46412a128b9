import { readFileSync, writeFileSync } from "node:fs";

/** Puts text between the two comments that name a block of a Markdown file; throws when the file has no such block. */
export function replaceBlock(file: string, name: string, text: string): void {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const page = readFileSync(file, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no block "${name}"`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n${text.trim()}\n${page.slice(to)}`);
}
