// Six weeks of days; entries are dragged from day to day.

import { classes } from "./daygrid.js";
import { el } from "./dom.js";
import { t } from "./language.js";
import { DAY, dateText, day, now, plus, sameDay } from "./time.js";
import { toldWall } from "./words.js";

const TYPE = "application/x-owa-event";

/** Make the grid, with at most so many entries a day. `actions`: open(entry, anchor), day(at), add(at), move(entry, by). */
export function monthGrid(days, at, entries, most, actions) {
  const names = days.slice(0, 7).map((each) => el("span", { class: "month-name", "aria-hidden": "true", text: toldWall(each, { weekday: "short" }) }));
  const cells = days.map((each) => cell(each, at, entries, most, actions));
  return el("div", { class: "month-grid" }, ...names, ...cells);
}

function cell(at, month, entries, most, actions) {
  const mine = entries.filter((entry) => entry.from < plus(at, DAY) && (entry.to > at || sameDay(entry.from, at)));
  const sorted = mine.sort((one, other) => other.allDay - one.allDay || one.from - other.from);
  const shown = sorted.length > most ? sorted.slice(0, most - 1) : sorted;
  const more = sorted.length - shown.length;
  const today = sameDay(at, now());
  const made = el("div", {
    class: ["month-cell", today && "is-today", at.getUTCMonth() !== month.getUTCMonth() && "outside"].filter(Boolean).join(" "),
    dataset: { date: dateText(at) }, on: { dblclick: () => actions.add(at), dragover: (event) => { if (event.dataTransfer.types.includes(TYPE)) event.preventDefault(); } },
  },
    el("button", { type: "button", class: "month-day", "aria-label": toldWall(at, { dateStyle: "full" }), "aria-current": today ? "date" : null, text: at.getUTCDate(), on: { click: () => actions.day(at) } }),
    ...shown.map((entry) => chip(entry, actions)),
    more > 0 && el("button", { type: "button", class: "more-events", text: t("more-events", { count: more }), on: { click: () => actions.day(at) } }));
  made.addEventListener("drop", (event) => {
    const entry = entries.find((each) => key(each) === event.dataTransfer.getData(TYPE));
    if (!entry) return;
    event.preventDefault();
    const by = at - day(entry.from);
    if (by) actions.move(entry, by);
  });
  return made;
}

function chip(entry, actions) {
  const time = entry.allDay ? "" : toldWall(entry.from, { hour: "numeric", minute: "2-digit" });
  const made = el("button", {
    type: "button", class: classes(entry, entry.allDay ? "chip-event" : "chip-event timed"), draggable: String(entry.mine),
    "aria-label": [time, entry.subject || t("no-title"), entry.location].filter(Boolean).join(", "),
    on: { click: (event) => actions.open(entry, event.currentTarget) },
  }, time && el("span", { class: "time", text: time }), el("span", { class: "name", text: entry.subject || t("no-title") }));
  made.addEventListener("dragstart", (event) => event.dataTransfer.setData(TYPE, key(entry)));
  return made;
}

const key = (entry) => `${entry.id} ${entry.original}`;
