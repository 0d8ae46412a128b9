import "../support/leaks.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { solar, type SolarEvent } from "spool/celery";

/** The sun's times, against almanacs. */

const GREENWICH = [51.48, 0] as const;

function near(got: Date, expected: string, minutes: number): void {
  const off = Math.abs(got.getTime() - Date.parse(expected)) / 60_000;
  assert.ok(off <= minutes, `${got.toISOString()} is ${off} minutes from ${expected}`);
}

for (const [event, after, expected] of [
  ["sunrise", "2026-06-21T00:00Z", "2026-06-21T03:43Z"],
  ["sunset", "2026-06-21T00:00Z", "2026-06-21T20:21Z"],
  ["sunrise", "2026-12-21T00:00Z", "2026-12-21T08:04Z"],
  ["sunset", "2026-12-21T00:00Z", "2026-12-21T15:53Z"],
] as const) {
  test(`Greenwich: ${event} on ${expected.slice(0, 10)}`, () =>
    near(solar(event, ...GREENWICH).next(new Date(after)), expected, 2));
}

test("noon follows the equation of time and the longitude", () => {
  // Eleven February: a sundial is fourteen minutes late; the third of November: sixteen early.
  near(solar("solar_noon", 0, 0).next(new Date("2026-02-11T00:00Z")), "2026-02-11T12:14:13Z", 0.5);
  near(solar("solar_noon", 0, 0).next(new Date("2026-11-03T00:00Z")), "2026-11-03T11:43:34Z", 0.5);
  near(solar("solar_noon", 0, 90).next(new Date("2026-02-11T00:00Z")), "2026-02-11T06:14:13Z", 0.5);
});

test("a day's events come in their order, each before the next day's first", () => {
  const events: SolarEvent[] = [
    "dawn_astronomical",
    "dawn_nautical",
    "dawn_civil",
    "sunrise",
    "solar_noon",
    "sunset",
    "dusk_civil",
    "dusk_nautical",
    "dusk_astronomical",
    "dawn_astronomical",
  ];
  for (const longitude of [-170, 0, 170]) {
    let last = solar(events[0]!, 40, longitude).next(new Date("2026-03-20T00:00Z"));
    const first = last;
    for (const event of events.slice(1)) {
      const next = solar(event, 40, longitude).next(last);
      assert.ok(next > last);
      last = next;
    }
    near(last, new Date(first.getTime() + 86_400_000).toISOString(), 3);
  }
});

test("each next time is later than the one before, about a day", () => {
  const sunrise = solar("sunrise", ...GREENWICH);
  let last = sunrise.next(new Date("2026-01-01T00:00Z"));
  for (let day = 0; day < 365; day++) {
    const next = sunrise.next(last);
    near(next, new Date(last.getTime() + 86_400_000).toISOString(), 5);
    last = next;
  }
});

test("in the far north the sun that does not set sets again after weeks", () => {
  const next = solar("sunset", 69.65, 18.96).next(new Date("2026-06-01T12:00Z"));
  assert.ok(next > new Date("2026-07-20") && next < new Date("2026-08-01"), next.toISOString());
});

test("what is no place and no event is refused", () => {
  assert.throws(() => solar("sunrise", 90, 0), { code: "INVALID_ARGUMENT", message: /latitude/ });
  assert.throws(() => solar("sunrise", 0, 181), { code: "INVALID_ARGUMENT", message: /longitude/ });
  assert.throws(() => solar("moonrise" as SolarEvent, 0, 0), {
    code: "INVALID_ARGUMENT",
    message: /sunrise/,
  });
});
