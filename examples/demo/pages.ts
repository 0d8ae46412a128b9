import { type TextFigures, analyseText } from "./text.ts";

/** A mix: fetches a source file from the local server, then analyses its text. */
export async function analysePage(url: string): Promise<TextFigures> {
  const response = await fetch(url);
  return analyseText(await response.text());
}
