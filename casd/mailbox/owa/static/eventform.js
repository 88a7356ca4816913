// The form of an appointment, with who is free.

import { call } from "./api.js";
import { el, icon } from "./dom.js";
import { freeBusy } from "./freebusy.js";
import { t, zone } from "./language.js";
import { complain, show, toast } from "./overlay.js";
import { RecipientField } from "./recipients.js";
import { DAY, HOUR, clockText, dateText, fromText, plus, wall } from "./time.js";

const REPEATS = ["", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
const BUSY = ["free", "tentative", "busy", "oof", "workingelsewhere"];
const REMINDERS = [null, 0, 5, 15, 30, 60, 1440];

/** Edit an appointment, a new one if it has no id; resolves to whether something has changed. */
export async function edit(page, values) {
  const form = new Form(page, values);
  return Boolean(await show(form.dialog, () => true));
}

class Form {
  constructor(page, values) {
    this.page = page;
    this.values = values;
    this.#build();
    this.#fill();
    this.#busy();
  }

  #build() {
    const input = (properties) => el("input", { ...properties, on: { change: () => this.#changed(), ...properties.on } });
    const select = (label, options) => el("select", { "aria-label": label }, ...options.map(([value, text]) => el("option", { value, text })));
    this.subject = el("input", { type: "text", class: "event-title", placeholder: t("add-title"), "aria-label": t("title"), maxlength: "255", autofocus: true });
    this.people = new RecipientField(t("invite"), () => this.#busy());
    this.from = input({ type: "date", "aria-label": t("start-day"), required: true });
    this.fromTime = input({ type: "time", "aria-label": t("start-time"), required: true });
    this.to = input({ type: "date", "aria-label": t("end-day"), required: true });
    this.toTime = input({ type: "time", "aria-label": t("end-time"), required: true });
    this.allDay = input({ type: "checkbox" });
    this.repeat = select(t("repeat"), REPEATS.map((value) => [value, t(`repeat-${value.toLowerCase() || "never"}`)]));
    this.repeat.addEventListener("change", () => { this.untilLabel.hidden = !this.repeat.value; });
    this.until = el("input", { type: "date", "aria-label": t("until") });
    this.place = el("input", { type: "text", "aria-label": t("location"), placeholder: t("location"), maxlength: "255" });
    this.shown = select(t("show-as"), BUSY.map((value) => [value, t(`busy-${value}`)]));
    this.reminder = select(t("reminder"), REMINDERS.map((minutes) => [minutes ?? "", minutes === null ? t("no-reminder") : minutes < 60 ? t("minutes-before", { count: minutes }) : t(minutes < 1440 ? "hour-before" : "day-before")]));
    this.text = el("textarea", { "aria-label": t("description"), placeholder: t("description"), rows: "4" });
    this.strip = el("div", { class: "free-busy", "aria-live": "polite" });
    this.wrong = el("p", { class: "wrong", role: "alert", hidden: true });
    this.saveButton = el("button", { type: "button", class: "primary", on: { click: () => this.#save() } });
    this.untilLabel = el("label", { class: "inline" }, el("span", { text: t("until") }), this.until);
    const row = (shape, ...children) => el("div", { class: "event-row" }, icon(shape), el("div", { class: "event-fields" }, ...children));
    const series = this.values.original ? [] : [row("repeat", this.repeat, this.untilLabel)];
    this.dialog = el("dialog", { class: "event-form", "aria-label": this.values.id ? t("edit-event") : t("new-event") },
      this.subject, row("people", this.people.element, this.strip),
      row("clock", el("span", { class: "inline" }, this.from, this.fromTime), el("span", { class: "inline" }, this.to, this.toTime), el("label", { class: "inline" }, this.allDay, el("span", { text: t("all-day") }))),
      ...series, row("place", this.place), row("calendar", this.shown, this.reminder), row("draft", this.text), this.wrong,
      el("div", { class: "buttons" }, el("button", { type: "button", class: "quiet", text: t("cancel"), on: { click: () => this.dialog.close() } }), this.saveButton));
    this.dialog.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#save(); });
  }

  #fill() {
    const { values } = this;
    const at = (moment) => (moment instanceof Date ? moment : values.allDay ? fromText(moment) : wall(moment));
    const [start, end] = [at(values.start), at(values.end)];
    this.subject.value = values.subject ?? "";
    this.people.set(values.attendees ?? []);
    this.known = new Map((values.attendees ?? []).map((person) => [person.address.toLowerCase(), person]));
    this.allDay.checked = values.allDay ?? false;
    this.from.value = dateText(start);
    this.to.value = dateText(values.allDay ? plus(end, -DAY) : end);
    this.fromTime.value = clockText(values.allDay ? plus(start, 9 * HOUR) : start);
    this.toTime.value = clockText(values.allDay ? plus(start, 10 * HOUR) : end);
    this.length = fromText(this.to.value, this.toTime.value) - fromText(this.from.value, this.fromTime.value);
    this.repeat.value = values.repeat ?? "";
    this.until.value = values.until ?? "";
    this.untilLabel.hidden = !this.repeat.value;
    this.place.value = values.location ?? "";
    this.shown.value = values.busy || "busy";
    this.reminder.value = values.id ? values.reminder ?? "" : 15;
    this.text.value = values.body ?? "";
    this.#whole();
    this.before = values.id ? this.#said() : {};
  }

  #whole() {
    this.fromTime.hidden = this.toTime.hidden = this.allDay.checked;
  }

  /** Keep the length when the start changes, and the start before the end. */
  #changed() {
    this.#whole();
    const [start, end] = this.#times();
    if (this.startBefore && start - this.startBefore && !Number.isNaN(start.getTime())) {
      const moved = plus(start, this.length);
      this.to.value = dateText(moved);
      this.toTime.value = clockText(moved);
    } else if (end > start) {
      this.length = end - start;
    }
    this.startBefore = start;
    this.#busy();
  }

  #times() {
    return [fromText(this.from.value, this.fromTime.value), fromText(this.to.value, this.toTime.value)];
  }

  #busy() {
    const people = this.people.valid;
    const [start, end] = this.#times();
    this.startBefore ??= start;
    this.saveButton.textContent = people.length ? t("send") : t("save");
    freeBusy(this.strip, this.page.me, people, start, end, (at) => {
      this.from.value = dateText(at);
      this.fromTime.value = clockText(at);
      this.#changed();
    }).catch(complain);
  }

  /** Return what the form says, in groups of what is only understood together. */
  #said() {
    const whole = this.allDay.checked;
    const [start, end] = this.#times();
    const text = (time, date) => (whole ? date : `${dateText(time)}T${clockText(time)}`);
    const attendees = this.people.valid.map((person) => ({ ...person, optional: this.known.get(person.address.toLowerCase())?.optional ?? false }));
    return {
      subject: { subject: this.subject.value }, location: { location: this.place.value }, body: { body: this.text.value }, busy: { busy: this.shown.value },
      reminder: { reminder: this.reminder.value === "" ? 0 : Number(this.reminder.value) + 1 },
      people: attendees.length || this.known.size ? { attendees } : {},
      when: { start: text(start, this.from.value), end: text(end, dateText(plus(fromText(this.to.value), DAY))), allDay: whole, zone },
      often: this.values.original ? {} : { repeat: this.repeat.value, until: this.repeat.value ? this.until.value : "" },
    };
  }

  /** Return what was changed in the form: the rest stays as it is, also what the form has no words for. */
  #request() {
    const { id, original } = this.values;
    const said = this.#said();
    const changed = Object.keys(said).filter((group) => JSON.stringify(said[group]) !== JSON.stringify(this.before[group]));
    if (changed.includes("often")) changed.push("when");
    return Object.assign({ id, original }, ...changed.map((group) => said[group]));
  }

  #complain(text) {
    this.wrong.textContent = text;
    this.wrong.hidden = false;
  }

  async #save() {
    if (!this.people.settle()) return this.#complain(t("bad-recipient"));
    const [start, end] = this.#times();
    if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime()) || (this.allDay.checked ? this.to.value < this.from.value : end < start)) return this.#complain(t("end-before-start"));
    const invites = this.people.valid.length > 0 || this.known.size > 0;  // who is left out is told as well
    this.saveButton.disabled = true;
    try {
      const { failed = [] } = await call(invites ? "SendInvitations" : "SaveAppointment", this.#request());
      this.dialog.close("yes");
      if (failed.length) toast(t("not-delivered", { names: failed.map(({ address }) => address).join(", ") }), null, { error: true });
      else toast(invites ? t("invitations-sent") : t("event-saved"));
    } catch (error) {
      this.saveButton.disabled = false;
      this.#complain(error.message);
    }
    return undefined;
  }
}
