import { invalid } from "../../core/index.ts";

/** When something is due: the first time after `after`. */
export interface Schedule {
  next(after: Date): Date;
}

/** Every so many seconds. Python: `celery.schedules.schedule`. */
export function schedule(seconds: number): Schedule {
  if (!(seconds > 0)) throw invalid("seconds", seconds, "a number of seconds above 0");
  return { next: (after) => new Date(after.getTime() + seconds * 1000) };
}

export interface CrontabOptions {
  readonly minute?: string | number;
  readonly hour?: string | number;
  /** 0 or 7 is Sunday; names as well. */
  readonly dayOfWeek?: string | number;
  readonly dayOfMonth?: string | number;
  readonly monthOfYear?: string | number;
}

/** As in cron: each field `*`, a number, `1-5`, a step after a slash, or several with commas. In UTC. Python: `crontab`. */
export function crontab(options: CrontabOptions = {}): Schedule {
  const fields = {
    minute: parse("minute", options.minute, 0, 59),
    hour: parse("hour", options.hour, 0, 23),
    dayOfWeek: parse("dayOfWeek", options.dayOfWeek, 0, 6, DAYS),
    dayOfMonth: parse("dayOfMonth", options.dayOfMonth, 1, 31),
    monthOfYear: parse("monthOfYear", options.monthOfYear, 1, 12, MONTHS),
  };
  return { next: (after) => search(fields, after) };
}

type Fields = Readonly<Record<keyof CrontabOptions, ReadonlySet<number>>>;

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** A leap day comes within eight years, even across a century. */
const LONGEST_SEARCH_DAYS = 366 * 8;

function search(fields: Fields, after: Date): Date {
  const time = new Date(after.getTime());
  time.setUTCSeconds(0, 0);
  time.setUTCMinutes(time.getUTCMinutes() + 1);
  for (let day = 0; day < LONGEST_SEARCH_DAYS; day++) {
    if (dayMatches(fields, time)) {
      const found = searchDay(fields, time);
      if (found !== undefined) return found;
    }
    time.setUTCHours(24, 0, 0, 0);
  }
  throw invalid("crontab", "the fields", "a combination that ever comes (not 31 February)");
}

function searchDay(fields: Fields, from: Date): Date | undefined {
  const time = new Date(from.getTime());
  const day = time.getUTCDate();
  while (time.getUTCDate() === day) {
    if (!fields.hour.has(time.getUTCHours())) time.setUTCHours(time.getUTCHours() + 1, 0);
    else if (fields.minute.has(time.getUTCMinutes())) return time;
    else time.setUTCMinutes(time.getUTCMinutes() + 1);
  }
  return undefined;
}

function dayMatches(fields: Fields, time: Date): boolean {
  return (
    fields.monthOfYear.has(time.getUTCMonth() + 1) &&
    fields.dayOfMonth.has(time.getUTCDate()) &&
    fields.dayOfWeek.has(time.getUTCDay())
  );
}

function parse(
  name: string,
  value: string | number | undefined,
  min: number,
  max: number,
  names: readonly string[] = [],
): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of String(value ?? "*")
    .toLowerCase()
    .split(",")) {
    const [range = "", step = "1"] = part.trim().split("/");
    const [low, high] = bounds(range, min, max, names);
    if (!(Number(step) >= 1) || Number.isNaN(low) || Number.isNaN(high) || low < min || high > max + 1)
      throw invalid(name, value, `a cron field from ${min} to ${max}`);
    for (let n = low; n <= high; n += Number(step)) found.add(name === "dayOfWeek" ? n % 7 : n);
  }
  return found;
}

function bounds(range: string, min: number, max: number, names: readonly string[]): [number, number] {
  if (range === "*") return [min, max];
  const [low = "", high = low] = range.split("-");
  const read = (text: string): number =>
    names.indexOf(text.slice(0, 3)) >= 0 && text.length > 2 ? names.indexOf(text.slice(0, 3)) : number(text);
  return [read(low), read(high)];
}

function number(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
