import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Frame } from "../model/frame.ts";

/** Where a frame is, for people: path relative to the working directory, `:line`, or `""` for native code. */
export function placeOf(frame: Frame): string {
  if (frame.url === "") return "";
  const line = frame.at ?? frame.line;
  return `${shortPath(frame.url)}${line > 0 ? `:${line}` : ""}`;
}

/** `name (file:line)`, as py-spy writes frames. */
export function labelOf(frame: Frame): string {
  const place = placeOf(frame);
  return place === "" ? frame.name : `${frame.name} (${place})`;
}

/** A script's URL as a path, cut to what distinguishes it. */
export function shortPath(url: string): string {
  if (!url.startsWith("file:")) return url;
  const path = fileURLToPath(url);
  const modules = path.lastIndexOf("/node_modules/");
  if (modules >= 0) return path.slice(modules + "/node_modules/".length);
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}
