// Reminders: what is about to begin is said in time, once in each browser.

import { call } from "./api.js";
import { t } from "./language.js";
import { toast } from "./overlay.js";
import { DAY, HOUR, MINUTE, dateText, fromText, wall } from "./time.js";
import { toldWall } from "./words.js";

const AGAIN_MS = HOUR;
const SAID = "owa-reminders";
const MOST = 100;  // reminders that are remembered as said

export class Reminders {
  constructor() {
    this.timers = [];
    this.folder = "";
    this.refresh();
    setInterval(() => this.refresh(), AGAIN_MS);
  }

  /** Ask anew when the calendar has changed. */
  async happened(events) {
    if (events.some((event) => event.again || event.folders?.includes(this.folder))) await this.refresh();
  }

  /** Ask for what is to come in the next hours. */
  async refresh() {
    const now = Date.now();
    const window = { start: new Date(now).toISOString(), end: new Date(now + 2 * AGAIN_MS).toISOString() };
    const found = await call("FindReminder", window, { background: true }).catch(() => null);
    if (!found) return;
    this.folder = found.folder;
    this.timers.forEach(clearTimeout);
    this.timers = found.items.filter((entry) => !said().includes(key(entry))).map((entry) => {
      const wait = Math.max(0, new Date(entry.remind) - now);
      return wait < DAY && setTimeout(() => remind(entry), wait);
    });
  }
}

function remind(entry) {
  const start = entry.allDay ? fromText(entry.start) : wall(entry.start);
  if (said().includes(key(entry)) || (!entry.allDay && new Date(entry.start) < Date.now() - MINUTE)) return;
  localStorage.setItem(SAID, JSON.stringify([...said(), key(entry)].slice(-MOST)));
  const at = toldWall(start, entry.allDay ? { dateStyle: "full" } : { timeStyle: "short" });
  const text = t("reminds", { title: entry.subject || t("no-title"), time: [at, entry.location].filter(Boolean).join(", ") });
  toast(text, { label: t("open"), run: () => { location.hash = `#/calendar/day/${dateText(start)}`; } }, { stays: true });
}

const key = (entry) => `${entry.id} ${entry.original} ${entry.remind}`;

function said() {
  try {
    return JSON.parse(localStorage.getItem(SAID) ?? "[]");
  } catch {
    return [];
  }
}
