import { invalid, requireOneOf } from "../../core/index.ts";
import type { Schedule } from "./crontab.ts";

/** Degrees between zenith and sun, and on which side of noon: before, at, after. */
const EVENTS = {
  dawn_astronomical: [108, -1],
  dawn_nautical: [102, -1],
  dawn_civil: [96, -1],
  // The upper edge of the disc on the horizon, lifted by refraction.
  sunrise: [90.833, -1],
  solar_noon: [0, 0],
  sunset: [90.833, 1],
  dusk_civil: [96, 1],
  dusk_nautical: [102, 1],
  dusk_astronomical: [108, 1],
} as const;

export type SolarEvent = keyof typeof EVENTS;

/** Beyond a year, so that each event of a place near the poles is found. */
const LONGEST_SEARCH_DAYS = 400;
const DAY_MS = 86_400_000;

/**
 * When the sun rises, sets, is highest, or passes a twilight's limit, at a place: degrees of latitude (north is
 * positive) and longitude (east is positive). Right to about a minute; where an event does not happen for weeks, the
 * next one is after them. Python: `celery.schedules.solar`.
 */
export function solar(event: SolarEvent, latitude: number, longitude: number): Schedule {
  requireOneOf("event", event, Object.keys(EVENTS) as SolarEvent[]);
  if (!(Math.abs(latitude) < 90))
    throw invalid("latitude", latitude, "degrees between -90 and 90, not a pole itself, which has no days");
  if (!(Math.abs(longitude) <= 180)) throw invalid("longitude", longitude, "degrees from -180 to 180");
  return {
    next(after) {
      const midnight = Math.floor(after.getTime() / DAY_MS) * DAY_MS;
      // The event of yesterday's or tomorrow's date may be the one that comes next, by the longitude.
      for (let day = -1; day < LONGEST_SEARCH_DAYS; day++) {
        const at = timeOn(midnight + day * DAY_MS, event, latitude, longitude);
        if (at !== undefined && at > after.getTime()) return new Date(at);
      }
      throw invalid(
        "latitude",
        latitude,
        `a place where there is a ${event} within ${LONGEST_SEARCH_DAYS} days`,
      );
    },
  };
}

/** Epoch milliseconds of the event on the day that begins then; undefined where the sun does not come to that height. */
function timeOn(
  midnight: number,
  event: SolarEvent,
  latitude: number,
  longitude: number,
): number | undefined {
  const [zenith, side] = EVENTS[event];
  let at = midnight + DAY_MS / 2;
  // The sun moves on between noon and the event: taken from there, the second round is exact to seconds.
  for (let round = 0; round < 3; round++) {
    const { declination, equationOfTime } = sunAt(at);
    const noon = midnight + (720 - 4 * longitude - equationOfTime) * 60_000;
    if (side === 0) {
      at = noon;
      continue;
    }
    const cosine = cos(zenith) / (cos(latitude) * cos(declination)) - tan(latitude) * tan(declination);
    if (Math.abs(cosine) > 1) return undefined;
    const hourAngle = degrees(Math.acos(cosine));
    at = noon + side * hourAngle * 4 * 60_000;
  }
  return Math.round(at / 1000) * 1000;
}

interface Sun {
  /** Degrees north of the equator. */
  readonly declination: number;
  /** Minutes by which a sundial is ahead of a clock. */
  readonly equationOfTime: number;
}

/** Low-precision position of the sun from its mean elements of the epoch J2000, good for some centuries around it. */
function sunAt(ms: number): Sun {
  const centuries = (ms / DAY_MS + 2_440_587.5 - 2_451_545) / 36_525;
  const meanLongitude = 280.46646 + centuries * (36_000.76983 + centuries * 0.0003032);
  const anomaly = 357.52911 + centuries * (35_999.05029 - centuries * 0.0001537);
  const eccentricity = 0.016708634 - centuries * (0.000042037 + centuries * 0.0000001267);
  const centre =
    sin(anomaly) * (1.914602 - centuries * (0.004817 + centuries * 0.000014)) +
    sin(2 * anomaly) * (0.019993 - centuries * 0.000101) +
    sin(3 * anomaly) * 0.000289;
  const node = 125.04 - 1934.136 * centuries;
  const longitude = meanLongitude + centre - 0.00569 - 0.00478 * sin(node);
  const obliquity = 23.4392911 - 0.0130042 * centuries + 0.00256 * cos(node);
  const y = tan(obliquity / 2) ** 2;
  const radians =
    y * sin(2 * meanLongitude) -
    2 * eccentricity * sin(anomaly) +
    4 * eccentricity * y * sin(anomaly) * cos(2 * meanLongitude) -
    0.5 * y ** 2 * sin(4 * meanLongitude) -
    1.25 * eccentricity ** 2 * sin(2 * anomaly);
  return {
    declination: degrees(Math.asin(sin(obliquity) * sin(longitude))),
    equationOfTime: 4 * degrees(radians),
  };
}

const sin = (angle: number): number => Math.sin((angle * Math.PI) / 180);
const cos = (angle: number): number => Math.cos((angle * Math.PI) / 180);
const tan = (angle: number): number => Math.tan((angle * Math.PI) / 180);
const degrees = (radians: number): number => (radians * 180) / Math.PI;
