// Values as people read them: times, sizes, names.

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const NUMBER = new Intl.NumberFormat();
const DAY_MS = 86_400_000;

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** Say when, as short as it is clear: a time today, a weekday this week, a day this year. */
export function shortTime(iso, now = new Date()) {
  const date = new Date(iso);
  const days = Math.round((midnight(now) - midnight(date)) / DAY_MS);
  if (days === 0) return TIME.format(date);
  if (days > 0 && days < 7) return WEEKDAY.format(date);
  return (date.getFullYear() === now.getFullYear() ? DAY : DATE).format(date);
}

export const fullTime = (iso) => FULL.format(new Date(iso));
export const number = (value) => NUMBER.format(value);

export function count(value, one, many) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

export function fileSize(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(Math.floor(Math.log2(bytes || 1) / 10), 3);
  return `${(bytes / 1024 ** step).toFixed(step && bytes / 1024 ** step < 10 ? 1 : 0)} ${units[step]}`;
}

export const nameOf = (person) => person.name || person.address || "Unknown";

export function namesOf(people) {
  return people.map(nameOf).join(", ");
}

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
