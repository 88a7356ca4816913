// Automatic replies: when, to whom and what.

import { call } from "./api.js";
import { el } from "./dom.js";
import { t } from "./language.js";
import { complain, toast } from "./overlay.js";
import { DAY, clockText, dateText, day, fromText, instant, now, plus, wall } from "./time.js";

const STATES = ["disabled", "enabled", "scheduled"];
const AUDIENCES = ["none", "known", "all"];

/** Make the form, which fills itself. */
export function absence() {
  const form = new Absence();
  form.fill().catch(complain);
  return form.element;
}

class Absence {
  constructor() {
    const select = (values, words) => el("select", { on: { change: () => this.#fit() } }, ...values.map((value) => el("option", { value, text: t(`${words}-${value}`) })));
    const row = (label, input, kind = "setting") => el("label", { class: kind }, el("span", { text: label }), input);
    const reply = (label) => el("textarea", { rows: "4", "aria-label": label });
    const input = (type, label) => el("input", { type, "aria-label": label, required: true });
    this.state = select(STATES, "oof");
    this.audience = select(AUDIENCES, "audience");
    this.from = input("date", t("start-day"));
    this.fromTime = input("time", t("start-time"));
    this.to = input("date", t("end-day"));
    this.toTime = input("time", t("end-time"));
    this.internal = reply(t("reply-inside"));
    this.external = reply(t("reply-outside"));
    this.times = el("div", { class: "setting" }, el("span", { text: t("away-time") }), el("span", { class: "inline" }, this.from, this.fromTime, this.to, this.toTime));
    this.inside = row(t("reply-inside"), this.internal, "setting tall");
    this.heard = row(t("audience"), this.audience);
    this.outside = row(t("reply-outside"), this.external, "setting tall");
    this.wrong = el("p", { class: "wrong", role: "alert", hidden: true });
    this.element = el("form", { class: "absence", on: { submit: (event) => { event.preventDefault(); this.#save(); } } },
      row(t("send-automatic-replies"), this.state), this.times, this.inside, this.heard, this.outside, this.wrong,
      el("button", { type: "submit", class: "primary", text: t("save") }));
  }

  async fill() {
    const { state, audience, start, end, internal, external } = await call("GetUserOofSettings");
    const from = start ? wall(start) : plus(day(now()), DAY);
    const to = end ? wall(end) : plus(from, 7 * DAY);
    const values = { state, audience, internal, external, from: dateText(from), fromTime: clockText(from), to: dateText(to), toTime: clockText(to) };
    for (const [name, value] of Object.entries(values)) this[name].value = value;
    this.#fit();
  }

  /** Show what matters for what is chosen. */
  #fit() {
    const away = this.state.value !== "disabled";
    this.times.hidden = this.state.value !== "scheduled";
    this.inside.hidden = this.heard.hidden = !away;
    this.outside.hidden = !away || this.audience.value === "none";
    for (const each of this.times.querySelectorAll("input")) each.disabled = this.times.hidden;
  }

  async #save() {
    const scheduled = this.state.value === "scheduled";
    const at = (date, time) => (scheduled ? instant(fromText(date.value, time.value)).toISOString() : null);
    const [start, end] = [at(this.from, this.fromTime), at(this.to, this.toTime)];
    this.wrong.hidden = !scheduled || start < end;
    this.wrong.textContent = t("end-before-start");
    if (!this.wrong.hidden) return;
    const [state, audience, internal, external] = [this.state, this.audience, this.internal, this.external].map(({ value }) => value);
    await call("SetUserOofSettings", { state, audience, start, end, internal, external }).then(() => toast(t("saved")), complain);
  }
}
