// The calendar: which days are shown and how, what is in them.

import { call } from "./api.js";
import { see } from "./appointment.js";
import { el, icon, iconButton } from "./dom.js";
import { DayGrid } from "./daygrid.js";
import { edit } from "./eventform.js";
import { t, zone } from "./language.js";
import { monthGrid } from "./monthgrid.js";
import { complain, toast } from "./overlay.js";
import { DAY, HOUR, clockText, dateText, day, fromText, instant, monthStart, now, plus, sameDay, wall, weekStart } from "./time.js";
import { toldRange, toldWall } from "./words.js";

const VIEWS = ["day", "week", "month"];
const KEPT = "owa-calendar-view";

export const open = (root, page) => new Calendar(root, page);

class Calendar {
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.view = localStorage.getItem(KEPT) ?? (matchMedia("(max-width: 899px)").matches ? "day" : "week");
    this.at = now();
    this.entries = [];
    this.asked = 0;
    this.#build();
  }

  /** Show what the address names: a view, and a day. */
  async arrive([view, date]) {
    if (VIEWS.includes(view)) this.view = view;
    const at = date ? fromText(date) : this.at;
    this.at = Number.isNaN(at.getTime()) ? now() : at;
    localStorage.setItem(KEPT, this.view);
    this.page.entitle(t("calendar"));
    this.#frame();
    await this.refresh();
  }

  async happened() {
    await this.refresh({ background: true });
  }

  /** Do what a key asks for; false when it asks for nothing here. */
  key(action) {
    const keys = {
      compose: () => this.#add(), today: () => this.#go(this.view, now()),
      next: () => this.#step(1), following: () => this.#step(1), previous: () => this.#step(-1), preceding: () => this.#step(-1),
      ...Object.fromEntries(VIEWS.map((view) => [view, () => this.#go(view, this.at)])),
    };
    return keys[action] ? void keys[action]() : false;
  }

  /** Fetch what is in the days that are shown. */
  async refresh(options) {
    const [from, to] = this.#range();
    const asked = ++this.asked;
    try {
      const { items } = await call("FindAppointment", { start: instant(from).toISOString(), end: instant(to).toISOString() }, { lasting: true, ...options });
      if (asked !== this.asked || this.grid.busy) return;  // what is being dragged is not drawn anew
      const told = JSON.stringify([from, items, this.page.settings.hours]);
      if (told === this.told) return;
      this.told = told;
      this.entries = items.map(placed);
      this.#draw();
    } catch (error) {
      if (!options?.background) complain(error);
    }
  }

  #go(view, at) {
    const hash = `#/calendar/${view}/${dateText(at)}`;
    if (location.hash === hash) this.refresh();
    else location.hash = hash;
  }

  #step(by) {
    const to = { day: () => plus(this.at, by * DAY), week: () => plus(this.at, by * 7 * DAY), month: () => monthStart(this.at, by) }[this.view]();
    this.#go(this.view, to);
  }

  #range() {
    const first = this.page.settings.firstDay;
    if (this.view === "day") return [day(this.at), plus(day(this.at), DAY)];
    if (this.view === "week") return [weekStart(this.at, first), plus(weekStart(this.at, first), 7 * DAY)];
    const from = weekStart(monthStart(this.at), first);
    return [from, plus(from, 42 * DAY)];
  }

  #days() {
    const [from, to] = this.#range();
    return Array.from({ length: Math.round((to - from) / DAY) }, (_, index) => plus(from, index * DAY));
  }

  #build() {
    const button = (view) => el("button", { type: "button", text: t(view), dataset: { view }, on: { click: () => this.#go(view, this.at) } });
    this.title = el("h1", { "aria-live": "polite" });
    this.views = el("div", { class: "segments", role: "group", "aria-label": t("view") }, ...VIEWS.map(button));
    this.body = el("div", { class: "calendar-body" });
    this.small = el("div", { class: "small-month" });
    const add = el("button", { type: "button", class: "primary", on: { click: () => this.#add() } }, icon("plus"), el("span", { text: t("new-event") }));
    this.root.replaceChildren(
      el("aside", { class: "side", "aria-label": t("month") }, add, this.small),
      el("main", { class: "sheet", "aria-label": t("calendar") },
        el("div", { class: "calendar-tools", role: "toolbar", "aria-label": t("calendar") },
          el("button", { type: "button", class: "tool outlined", text: t("today"), on: { click: () => this.#go(this.view, now()) } }),
          iconButton("left", t("earlier"), () => this.#step(-1)), iconButton("right", t("later"), () => this.#step(1)),
          this.title, el("span", { class: "space" }), this.views),
        this.body),
      el("button", { type: "button", class: "primary round", "aria-label": t("new-event"), on: { click: () => this.#add() } }, icon("plus")));
    this.grid = new DayGrid({
      open: (entry, anchor) => this.#open(entry, anchor), add: (start, end, allDay) => this.#add({ start, end, allDay }), move: (entry, start, end) => this.#move(entry, start, end),
      day: (at) => this.#go("day", at),
    });
  }

  #frame() {
    for (const button of this.views.children) button.setAttribute("aria-pressed", String(button.dataset.view === this.view));
    const [from, to] = this.#range();
    const titles = {
      day: () => toldWall(this.at, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
      week: () => toldRange(from, plus(to, -DAY), { day: "numeric", month: "long", year: "numeric" }),
      month: () => toldWall(this.at, { month: "long", year: "numeric" }),
    };
    this.title.textContent = titles[this.view]();
    this.#smallMonth();
    this.#draw();
  }

  #draw() {
    const days = this.#days();
    if (this.view === "month") {
      const most = Math.max(1, Math.floor((this.body.clientHeight / 6 - 36) / 24));
      this.body.replaceChildren(monthGrid(days, this.at, this.entries, most, {
        open: (entry, anchor) => this.#open(entry, anchor), day: (at) => this.#go("day", at), add: (at) => this.#add({ start: plus(at, 9 * HOUR), end: plus(at, 10 * HOUR) }),
        move: (entry, by) => this.#move(entry, plus(entry.from, by), plus(entry.to, by)),
      }));
    } else {
      this.grid.draw(days, this.entries, this.page.settings.hours);
      if (this.body.firstElementChild !== this.grid.element) {
        this.body.replaceChildren(this.grid.element);
        this.grid.toMorning();
      }
    }
  }

  #smallMonth() {
    const first = weekStart(monthStart(this.at), this.page.settings.firstDay);
    const [from, to] = this.#range();
    const cells = Array.from({ length: 42 }, (_, index) => plus(first, index * DAY)).map((at) => el("a", {
      href: `#/calendar/${this.view === "month" ? "day" : this.view}/${dateText(at)}`, text: at.getUTCDate(), "aria-label": toldWall(at, { dateStyle: "full" }),
      class: [sameDay(at, now()) && "is-today", at.getUTCMonth() !== this.at.getUTCMonth() && "outside", this.view !== "month" && at >= from && at < to && "within"].filter(Boolean).join(" "),
      "aria-current": sameDay(at, now()) ? "date" : null,
    }));
    const names = cells.slice(0, 7).map((_, index) => el("span", { "aria-hidden": "true", text: toldWall(plus(first, index * DAY), { weekday: "narrow" }) }));
    this.small.replaceChildren(
      el("div", { class: "small-title" }, el("b", { text: toldWall(this.at, { month: "long", year: "numeric" }) }),
        iconButton("left", t("month-before"), () => this.#go(this.view, monthStart(this.at, -1))), iconButton("right", t("month-after"), () => this.#go(this.view, monthStart(this.at, 1)))),
      el("div", { class: "small-grid" }, ...names, ...cells));
  }

  // What can be done

  async #add(values = {}) {
    const next = Math.ceil((now() % DAY) / (HOUR / 2)) * (HOUR / 2);
    const start = values.start ?? plus(day(this.at), next < 7 * HOUR || next > 19 * HOUR ? 9 * HOUR : next);
    await this.#after(edit(this.page, { ...values, start, end: values.end ?? plus(start, HOUR) }));
  }

  async #open(entry, anchor) {
    await this.#after(see(this.page, entry, anchor));
  }

  async #after(work) {
    if (await work.catch(complain)) await this.refresh();
  }

  /** Move or stretch: shown at once, then told to the server, and to be undone. */
  async #move(entry, start, end, undoing = false) {
    const before = [entry.from, entry.to];
    this.told = "";
    Object.assign(entry, { from: start, to: end });
    this.#draw();
    try {
      await this.#put(entry, start, end);
      if (!undoing) toast(t("event-moved", { title: entry.subject || t("no-title") }), { label: t("undo"), run: () => this.#move(entry, ...before, true) });
    } catch (error) {
      Object.assign(entry, { from: before[0], to: before[1] });
      this.#draw();
      complain(error);
    }
    await this.refresh();
  }

  #put(entry, start, end) {
    const text = (time) => (entry.allDay ? dateText(time) : `${dateText(time)}T${clockText(time)}`);
    const action = entry.meeting && entry.mine ? "SendInvitations" : "SaveAppointment";
    return call(action, { id: entry.id, original: entry.original, start: text(start), end: text(end), allDay: entry.allDay, zone });
  }
}

/** Return an entry with its wall times. */
function placed(entry) {
  const at = entry.allDay ? fromText : wall;
  return { ...entry, from: at(entry.start), to: at(entry.end) };
}
