// The clock on the wall in the reader's time zone. A wall time is a Date whose UTC fields show it: sums of days
// and hours are done with it, and no change of the clocks disturbs them.

import { zone } from "./language.js";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const clocks = new Map();

function clock(place) {
  if (!clocks.has(place)) {
    clocks.set(place, new Intl.DateTimeFormat("en-US", {
      timeZone: place, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    }));
  }
  return clocks.get(place);
}

/** Return the wall time of an instant (a Date, or as JSON has it), by the clock of the reader's zone or of another. */
export function wall(moment, place = zone) {
  const at = Object.fromEntries(clock(place).formatToParts(new Date(moment)).map(({ type, value }) => [type, Number(value)]));
  return new Date(Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second));
}

/** Return the instant at which the clock on the wall shows this; where it never does, the next one. */
export function instant(time, place = zone) {
  let guess = new Date(time);
  for (let round = 0; round < 2; round += 1) guess = new Date(guess.getTime() + (time - wall(guess, place)));
  return guess;
}

export const now = () => wall(new Date());
export const day = (time) => new Date(Math.floor(time / DAY) * DAY);
export const plus = (time, length) => new Date(time.getTime() + length);
export const sameDay = (one, other) => day(one).getTime() === day(other).getTime();

/** Return the date or the time as forms and URLs have it: 2026-03-02, 09:30. */
export const dateText = (time) => time.toISOString().slice(0, 10);
export const clockText = (time) => time.toISOString().slice(11, 16);
export const fromText = (date, clockTime = "00:00") => new Date(`${date}T${clockTime}:00Z`);

/** Return the first day of the week or of the month. */
export const weekStart = (time, first) => plus(day(time), -((time.getUTCDay() - first + 7) % 7) * DAY);
export const monthStart = (time, by = 0) => new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + by, 1));
