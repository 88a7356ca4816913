// Days side by side by the hour; entries are dragged and stretched by the pointer.

import { $, el } from "./dom.js";
import { between, working } from "./hours.js";
import { t } from "./language.js";
import { DAY, HOUR, MINUTE, day, now, plus, sameDay } from "./time.js";
import { toldRange, toldWall } from "./words.js";

const STEP = 15 * MINUTE;
const FAR = 4;  // pixels that make a drag of a click
const TICK_MS = 60_000;

export class DayGrid {
  /** `actions`: open(entry, anchor), add(start, end, allDay), move(entry, start, end), day(at). */
  constructor(actions) {
    this.actions = actions;
    this.head = el("div", { class: "day-heads" });
    this.hours = el("div", { class: "hours", "aria-hidden": "true" });
    this.columns = el("div", { class: "columns" });
    this.scroll = el("div", { class: "day-scroll", tabindex: "0", role: "region", "aria-label": t("hours") }, el("div", { class: "day-body" }, this.hours, this.columns));
    this.element = el("div", { class: "day-grid" }, this.head, this.scroll);
    for (let hour = 1; hour < 24; hour += 1) this.hours.append(el("span", { style: { "--at": hour }, text: toldWall(new Date(hour * HOUR), { hour: "numeric" }) }));
    this.columns.addEventListener("pointerdown", (event) => this.#press(event));
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** Bring the hours in which people work into sight. */
  toMorning() {
    const begins = this.days.flatMap((at) => working(this.worked, at)).map(([from]) => from.getUTCHours());
    const first = Math.min(begins.length ? Math.min(...begins) : 8, ...this.entries.filter((entry) => !entry.allDay).map((entry) => entry.from.getUTCHours()));
    this.scroll.scrollTop = (this.#hour() * Math.max(0, first - 0.5));
  }

  /** Show days with their entries; `worked` are the hours (settings) outside which a day is shaded. */
  draw(days, entries, worked) {
    this.days = days;
    this.entries = entries;
    this.worked = worked;
    this.element.style.setProperty("--days", days.length);
    this.head.replaceChildren(el("span", { class: "corner" }), ...days.map((at) => this.#head(at)));
    this.columns.replaceChildren(...days.map((at) => this.#column(at)));
    this.#tick();
  }

  #head(at) {
    const whole = this.entries.filter((entry) => long(entry) && entry.from < plus(at, DAY) && entry.to > at);
    const today = sameDay(at, now());
    return el("div", { class: today ? "day-head is-today" : "day-head" },
      el("button", { type: "button", class: "day-name", "aria-label": toldWall(at, { dateStyle: "full" }), "aria-current": today ? "date" : null, on: { click: () => this.actions.day(at) } },
        el("span", { text: toldWall(at, { weekday: "short" }) }), el("b", { text: at.getUTCDate() })),
      el("div", { class: "whole-days", on: { click: (event) => { if (event.target === event.currentTarget) this.actions.add(at, plus(at, DAY), true); } } },
        ...whole.map((entry) => this.#chip(entry))));
  }

  #chip(entry) {
    return el("button", { type: "button", class: classes(entry, "chip-event"), text: entry.subject || t("no-title"), on: { click: (event) => this.actions.open(entry, event.currentTarget) } });
  }

  #column(at) {
    const mine = this.entries.filter((entry) => !long(entry) && entry.from < plus(at, DAY) && (entry.to > at || sameDay(entry.from, at)));
    const column = el("div", { class: sameDay(at, now()) ? "column is-today" : "column", dataset: { at: at.getTime() } }, ...this.#off(at));
    for (const { entry, place, places } of beside(mine)) column.append(this.#event(entry, at, place, places));
    return column;
  }

  /** Shade what is between the working hours of a day. */
  #off(at) {
    return between(working(this.worked, at), at).map(([from, to]) => el("div", { class: "off", style: { "--from": (from - at) / HOUR, "--length": (to - from) / HOUR } }));
  }

  #event(entry, at, place, places) {
    const from = Math.max(0, (entry.from - at) / HOUR);
    const to = Math.min(24, (entry.to - at) / HOUR);
    const time = toldRange(entry.from, entry.to, { hour: "numeric", minute: "numeric" });
    const button = el("button", {
      type: "button", class: classes(entry, to - from < 0.75 ? "event short" : "event"), style: { "--from": from, "--length": Math.max(to - from, 0.4), "--place": place, "--places": places },
      "aria-label": [entry.subject || t("no-title"), time, entry.location].filter(Boolean).join(", "),
      on: { click: (event) => this.#click(entry, event), keydown: (event) => this.#key(entry, event) },
    }, el("b", { text: entry.subject || t("no-title") }), el("span", { text: time }), entry.location && el("span", { text: entry.location }), el("span", { class: "stretch", "aria-hidden": "true" }));
    button.entry = entry;
    return button;
  }

  #click(entry, event) {
    if (this.dragged) return;
    this.actions.open(entry, event.currentTarget);
  }

  /** Move by the keyboard: Alt with an arrow. */
  #key(entry, event) {
    const by = { ArrowUp: -STEP, ArrowDown: STEP, ArrowLeft: -DAY, ArrowRight: DAY }[event.key];
    if (!by || !event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.actions.move(entry, plus(entry.from, by), plus(entry.to, by));
  }

  #hour() {
    return $(".hours", this.element).offsetHeight / 24;
  }

  /** Return the moment under the pointer, to the quarter of an hour. */
  #moment(event) {
    const columns = [...this.columns.children];
    const under = columns.find((column) => event.clientX < column.getBoundingClientRect().right) ?? columns.at(-1);
    const height = event.clientY - under.getBoundingClientRect().top;
    const within = Math.min(Math.max(0, height / this.#hour()), 24) * HOUR;
    return new Date(Number(under.dataset.at) + Math.floor(within / STEP) * STEP);
  }

  #press(event) {
    if (event.button !== 0) return;
    const button = event.target.closest(".event");
    if (button) this.#drag(event, button, event.target.classList.contains("stretch"));
    else if (event.pointerType === "mouse") this.#paint(event);
    else event.target.addEventListener("click", (click) => this.#tap(click), { once: true });
  }

  #tap(event) {
    const start = new Date(Math.floor(this.#moment(event) / (HOUR / 2)) * (HOUR / 2));
    this.actions.add(start, plus(start, HOUR), false);
  }

  /** Move an entry, or its end. */
  #drag(event, button, stretching) {
    const { entry } = button;
    if (!entry.mine || event.pointerType === "touch") return;
    const begun = this.#moment(event);
    const [from, to] = [entry.from, entry.to];
    let target = null;
    this.dragged = false;
    this.#follow(event, button, (moved) => {
      this.dragged = true;
      const by = this.#moment(moved) - begun;
      target = stretching ? [from, new Date(Math.max(plus(to, by), plus(from, STEP)))] : [plus(from, by), plus(to, by)];
      this.#show(button, ...target);
    }, () => {
      if (target && (target[0] - from || target[1] - to)) this.actions.move(entry, ...target);
      setTimeout(() => { this.dragged = false; });
    });
  }

  #show(button, from, to) {
    const column = [...this.columns.children].find((each) => sameDay(new Date(Number(each.dataset.at)), from));
    if (column && column !== button.parentElement) column.append(button);
    for (const [name, value] of Object.entries({ from: (from - day(from)) / HOUR, length: (to - from) / HOUR, place: 0, places: 1 })) button.style.setProperty(`--${name}`, value);
    button.classList.add("dragged");
  }

  /** Make a new entry as long as the pointer says. */
  #paint(event) {
    const start = this.#moment(event);
    const mark = el("div", { class: "event new" });
    let end = null;
    this.#follow(event, this.columns, (moved) => {
      end = this.#moment(moved);
      const [from, to] = end > start ? [start, plus(end, STEP)] : [end, plus(start, STEP)];
      if (sameDay(from, start) && sameDay(plus(to, -1), start)) this.#stretch(mark, from, to);
    }, () => {
      mark.remove();
      if (mark.from) this.actions.add(mark.from, mark.to, false);
      else this.#tap(event);
    });
  }

  #stretch(mark, from, to) {
    Object.assign(mark, { from, to });
    this.#show(mark, from, to);
    mark.textContent = toldRange(from, to, { hour: "numeric", minute: "numeric" });
  }

  #follow(event, target, moved, done) {
    const move = (next) => { if (Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) > FAR) moved(next); };
    this.busy = true;
    const stop = () => {
      this.busy = false;
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", stop);
      done();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", stop);
    target.classList.add("pressed");
  }

  #tick() {
    const at = now();
    for (const old of this.element.querySelectorAll(".now")) old.remove();
    const column = [...this.columns.children].find((each) => sameDay(new Date(Number(each.dataset.at)), at));
    column?.append(el("div", { class: "now", style: { "--from": (at % DAY) / HOUR } }));
  }
}

/** Whether an entry stands above the hours. */
const long = (entry) => entry.allDay || entry.to - entry.from >= DAY;

/** Return the classes of an entry, which say what is known of it. */
export function classes(entry, kind) {
  return [kind, `is-${entry.busy || "busy"}`, entry.cancelled && "is-cancelled", entry.meeting && !entry.mine && !entry.answer && "is-unanswered"].filter(Boolean).join(" ");
}

/** Put entries that overlap beside each other. */
function beside(entries) {
  const sorted = [...entries].sort((one, other) => one.from - other.from || other.to - one.to);
  const placed = [];
  let group = [];
  let end = 0;
  for (const entry of sorted) {
    if (entry.from >= end) group = [];
    const taken = new Set(group.filter((each) => each.entry.to > entry.from).map((each) => each.place));
    let place = 0;
    while (taken.has(place)) place += 1;
    const one = { entry, place, group };
    group.push(one);
    placed.push(one);
    end = Math.max(group.length > 1 ? end : 0, entry.to);
  }
  return placed.map(({ entry, place, group: all }) => ({ entry, place, places: Math.max(...all.map((each) => each.place)) + 1 }));
}
