// Working hours: the form that settles them, and which hours of a day they are.

import { el } from "./dom.js";
import { t, zone } from "./language.js";
import { complain, toast } from "./overlay.js";
import { DAY, dateText, fromText, instant, plus, wall, weekStart } from "./time.js";
import { toldWall, zoneChoices } from "./words.js";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** Return from when to when somebody works on a day: wall times here, whatever zone his hours are of. */
export function working({ days, start, end, zone: place }, at) {
  const here = (date, clock) => wall(instant(fromText(dateText(date), clock), place || zone));
  return [-1, 0, 1].map((by) => plus(at, by * DAY)).filter((date) => days.includes(DAYS[date.getUTCDay()]))
    .map((date) => [here(date, start), here(date, end)])
    .map(([from, to]) => [from < at ? at : from, to > plus(at, DAY) ? plus(at, DAY) : to]).filter(([from, to]) => from < to);
}

/** Return what is left of a day outside some stretches of it, which are in their order. */
export function between(stretches, at) {
  const ends = [at, ...stretches.flat(), plus(at, DAY)];
  const gaps = Array.from({ length: ends.length / 2 }, (_, index) => ends.slice(2 * index, 2 * index + 2));
  return gaps.filter(([from, to]) => from < to);
}

/** Make the form. */
export function hours(page) {
  return new Hours(page).element;
}

class Hours {
  constructor(page) {
    const { hours: known, firstDay } = page.settings;
    this.page = page;
    this.days = week(firstDay).map((at) => el("input", { type: "checkbox", value: DAYS[at.getUTCDay()], checked: known.days.includes(DAYS[at.getUTCDay()]), "aria-label": toldWall(at, { weekday: "long" }) }));
    this.start = el("input", { type: "time", "aria-label": t("start-time"), required: true, value: known.start });
    this.end = el("input", { type: "time", "aria-label": t("end-time"), required: true, value: known.end });
    this.zone = el("select", {}, ...zoneChoices(known.zone || zone).map(([value, text]) => el("option", { value, text })));
    this.zone.value = known.zone || zone;
    this.wrong = el("p", { class: "wrong", role: "alert", hidden: true });
    const days = this.days.map((input, index) => el("label", {}, input, el("span", { "aria-hidden": "true", text: toldWall(week(firstDay)[index], { weekday: "short" }) })));
    const row = (label, ...inputs) => el("div", { class: "setting", role: "group", "aria-label": label }, el("span", { text: label }), ...inputs);
    this.element = el("form", { class: "working-hours", on: { submit: (event) => { event.preventDefault(); this.#save(); } } },
      el("p", { class: "quiet-text", text: t("working-hours-told") }),
      row(t("working-days"), el("span", { class: "days" }, ...days)),
      row(t("working-time"), el("span", { class: "inline" }, this.start, el("span", { "aria-hidden": "true", text: "–" }), this.end)),
      el("label", { class: "setting" }, el("span", { text: t("working-zone") }), this.zone),
      this.wrong, el("button", { type: "submit", class: "primary", text: t("save") }));
  }

  async #save() {
    const days = this.days.filter(({ checked }) => checked).map(({ value }) => value);
    const [start, end, place] = [this.start, this.end, this.zone].map(({ value }) => value);
    this.wrong.textContent = t(days.length ? "end-before-start" : "no-working-day");
    this.wrong.hidden = days.length > 0 && start < end;
    if (this.wrong.hidden) await this.page.save({ hours: { days, start, end, zone: place } }).then(() => toast(t("saved")), complain);
  }
}

/** Return the days of some week, beginning with the first. */
function week(first) {
  return Array.from({ length: 7 }, (_, index) => plus(weekStart(new Date(0), first), index * DAY));
}
