// Values as people read them: times, sizes, names.

import { locale, t, zone } from "./language.js";
import { DAY, day, now, wall } from "./time.js";

const formats = new Map();

/** Write an instant, or a wall time, in the reader's language. */
export const told = (moment, options) => format({ timeZone: zone, ...options }).format(new Date(moment));
export const toldWall = (time, options) => format({ timeZone: "UTC", ...options }).format(time);
export const toldRange = (from, to, options) => format({ timeZone: "UTC", ...options }).formatRange(from, to);

function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, options));
  return formats.get(key);
}

/** Say when, as short as it is clear: a time today, a weekday this week, a day this year. */
export function shortTime(iso) {
  const [then, today] = [wall(iso), now()];
  const days = Math.round((day(today) - day(then)) / DAY);
  if (days === 0) return toldWall(then, { timeStyle: "short" });
  if (days > 0 && days < 7) return toldWall(then, { weekday: "short" });
  if (then.getUTCFullYear() === today.getUTCFullYear()) return toldWall(then, { day: "numeric", month: "short" });
  return toldWall(then, { dateStyle: "short" });
}

export const fullTime = (iso) => told(iso, { dateStyle: "full", timeStyle: "short" });
/** Say when, with the day of the week, and the year if it is another. */
export function longTime(iso) {
  const year = wall(iso).getUTCFullYear() === now().getUTCFullYear() ? {} : { year: "numeric" };
  return told(iso, { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "numeric", ...year });
}

export const number = (value) => new Intl.NumberFormat(locale).format(value);

export function fileSize(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(Math.floor(Math.log2(bytes || 1) / 10), 3);
  const digits = step && bytes / 1024 ** step < 10 ? 1 : 0;
  const options = { style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, options).format(bytes / 1024 ** step);
}

/** Return all time zones with what they are called, and this one, which may have an older name. */
export function zoneChoices(...more) {
  return [...new Set([...more.filter(Boolean), ...Intl.supportedValuesOf("timeZone")])].sort().map((name) => [name, name.replaceAll("_", " ")]);
}

export const nameOf = (person) => person.name || person.address || t("unknown");

export function namesOf(people) {
  return people.map(nameOf).join(", ");
}

/** Name several people by what one calls them, as there is little room. */
export function shortNames(people) {
  if (people.length < 2) return namesOf(people);
  return people.map((person) => nameOf(person).replace(/@.*/, "").split(" ")[0]).join(", ");
}

export const sameAddress = (one, other) => one.address.toLowerCase() === other.address.toLowerCase();

export function initials(person) {
  const words = nameOf(person).replace(/@.*/, "").split(/[\s._-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const first = words[0] ?? "?";
  const last = words.length > 1 ? words[words.length - 1] : "";
  return ([...first][0] + ([...last][0] ?? "")).toUpperCase();
}

/** Return a hue, in degrees, that is always the same for one address. */
export function hue(person) {
  let hash = 7;
  for (const letter of (person.address || person.name).toLowerCase()) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return hash % 360;
}
