/**
 * Where something was begun in the user's code. Capturing costs about 1.5 us; the text is made only when it is read.
 */
export interface Site {
  stack?: string;
}

/** Two frames are enough to get past one helper of this package; every further frame costs memory per task. */
const FRAMES = 4;

/** Captures the callers of `below`, leaving `below` itself out. */
export function captureSite(
  below: ((...args: any[]) => unknown) | (abstract new (...args: any[]) => unknown),
): Site {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const site: Site = {};
  Error.captureStackTrace(site, below);
  Error.stackTraceLimit = limit;
  return site;
}

/**
 * Sites for many spawns of one owner: exact for the first ones, then only now and then, since capturing costs more
 * than spawning. Between two captures a spawn carries the site of the one before.
 */
export class SiteSampler {
  #count = 0;
  #last: Site | undefined = undefined;

  next(below: (...args: any[]) => unknown): Site {
    const count = this.#count++;
    if (this.#last === undefined || count < EXACT || count % EVERY === 0) this.#last = captureSite(below);
    return this.#last;
  }
}

/** More spawns than people write by hand; what comes after them is a loop. */
const EXACT = 64;
const EVERY = 64;

/** `file:line:column` of the first frame that is not inside this package's own room. */
export function siteText(site: Site | undefined): string {
  const frames = (site?.stack ?? "").split("\n").slice(1);
  const frame = frames.find((line) => !line.includes(HERE)) ?? frames[0];
  return frame?.match(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/)?.[1]?.replace(/^file:\/\//, "") ?? "unknown";
}

const HERE = new URL(".", import.meta.url).pathname;
