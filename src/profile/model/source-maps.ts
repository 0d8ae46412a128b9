import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import type { Frame, FrameTable } from "./frame.ts";

/** A column beyond any real one: asks for the last mapping of a line. */
const LINE_END = 1 << 20;

/**
 * Takes frames of generated code to the source they were written in, by the source maps that lie beside it. Frames of
 * code without a map stay as they are.
 */
export class SourceMaps {
  readonly #maps = new Map<string, Loaded | null>();
  readonly #mapped = new Map<Frame, Frame>();
  readonly #root: string;
  readonly #frames: FrameTable;

  /** `root` is the target's file system as we see it (`""`, or `/proc/PID/root`). */
  constructor(frames: FrameTable, root = "") {
    this.#frames = frames;
    this.#root = root;
  }

  /** Adds a map that is not on disk, such as one a transpiling loader keeps in the target's memory. */
  add(url: string, payload: SourceMapPayload): void {
    this.#maps.set(url, { map: new SourceMap(payload), base: url });
  }

  map(frame: Frame): Frame {
    if (frame.kind !== "js") return frame;
    const known = this.#mapped.get(frame);
    if (known !== undefined) return known;
    const mapped = this.#frames.intern(this.#translate(frame));
    this.#mapped.set(frame, mapped);
    return mapped;
  }

  mapStack(stack: readonly Frame[]): readonly Frame[] {
    return stack.map((frame) => this.map(frame));
  }

  /** The text of a script on disk; undefined when it cannot be read. */
  sourceOf(url: string): string | undefined {
    try {
      return readFileSync(this.#root + pathOf(url), "utf8");
    } catch {
      return undefined;
    }
  }

  #translate(frame: Frame): Frame {
    const loaded = this.#load(frame.url);
    if (loaded === null) return frame;
    const start = loaded.map.findEntry(frame.line - 1, Math.max(0, frame.column - 1));
    if (!("originalSource" in start)) return frame;
    const at = frame.at === undefined ? undefined : lineAt(loaded.map, frame.at);
    return {
      ...frame,
      url: new URL(start.originalSource, loaded.base).href,
      line: start.originalLine + 1,
      column: start.originalColumn + 1,
      ...(at === undefined ? {} : { at }),
    };
  }

  #load(url: string): Loaded | null {
    let loaded = this.#maps.get(url);
    if (loaded === undefined) {
      loaded = this.#read(url);
      this.#maps.set(url, loaded);
    }
    return loaded;
  }

  #read(url: string): Loaded | null {
    const source = this.sourceOf(url);
    const reference = source === undefined ? undefined : lastReference(source);
    if (reference === undefined) return null;
    try {
      const base = new URL(reference, pathUrl(url)).href;
      const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/s.exec(reference);
      const text =
        inline === null
          ? readFileSync(this.#root + fileURLToPath(base), "utf8")
          : Buffer.from(decodeURIComponent(inline[2]!), inline[1] ? "base64" : "utf8").toString();
      return {
        map: new SourceMap(JSON.parse(text) as SourceMapPayload),
        base: inline === null ? base : pathUrl(url),
      };
    } catch {
      return null;
    }
  }
}

interface Loaded {
  readonly map: SourceMap;
  /** What the map's sources are relative to. */
  readonly base: string;
}

function lineAt(map: SourceMap, line: number): number {
  const entry = map.findEntry(line - 1, LINE_END);
  return "originalLine" in entry ? entry.originalLine + 1 : line;
}

/** The map's address, from the last `sourceMappingURL` comment that stands alone at the end of the file. */
function lastReference(source: string): string | undefined {
  const at = source.lastIndexOf("//# sourceMappingURL=");
  if (at < 0) return undefined;
  const reference = source.slice(at + "//# sourceMappingURL=".length).trim();
  return /\s/.test(reference) ? undefined : reference;
}

function pathOf(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url) : url;
}

function pathUrl(url: string): string {
  return url.startsWith("file:") ? url : `file://${url}`;
}
