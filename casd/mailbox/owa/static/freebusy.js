// When those who are invited are free, and at work, as a strip of one day.

import { call } from "./api.js";
import { el } from "./dom.js";
import { between } from "./hours.js";
import { t } from "./language.js";
import { DAY, HOUR, day, instant, plus, wall } from "./time.js";
import { nameOf, toldRange, toldWall } from "./words.js";

const FROM = 7;
const TO = 20;
const STEP = HOUR / 2;

/** Show it in `strip`; `choose(start)` is called with a time at which everybody is free. */
export async function freeBusy(strip, me, people, start, end, choose) {
  if (!people.length || Number.isNaN(start.getTime())) return strip.replaceChildren();
  const at = day(start);
  const everyone = [me, ...people];
  const asked = strip.asked = JSON.stringify([everyone, at]);
  const window = { start: instant(at).toISOString(), end: instant(plus(at, DAY)).toISOString() };
  const found = await call("GetFreeBusy", { ...window, addresses: everyone.map((person) => person.address) }, { background: true });
  if (strip.asked !== asked) return undefined;
  const lines = found.people.map((one, index) => line(everyone[index], one, at));
  const length = Math.max(STEP, end - start);
  const chosen = el("div", { class: "chosen-time", style: across(start, plus(start, length), at) });
  const free = firstFree(found.people, start, length, at);
  strip.replaceChildren(
    el("div", { class: "busy-hours", "aria-hidden": "true" }, ...[8, 10, 12, 14, 16, 18].map((hour) => el("span", { style: { "--from": (hour - FROM) / (TO - FROM) }, text: toldWall(plus(at, hour * HOUR), { hour: "numeric" }) }))),
    ...lines, el("div", { class: "chosen-lane" }, chosen),
    free && free - start ? el("button", { type: "button", class: "tool outlined", text: t("all-free", { time: toldRange(free, plus(free, length), { hour: "numeric", minute: "numeric" }) }), on: { click: () => choose(free) } })
      : el("p", { class: "quiet-text", text: free ? t("everybody-free") : t("nobody-free") }));
  return undefined;
}

const CLOCK = { hour: "numeric", minute: "numeric" };
const walls = (times) => times.map(({ start, end }) => [wall(start), wall(end)]);

function line(person, { busy, working }, at) {
  const bars = (busy ?? []).map((one) => {
    const [from, to] = [wall(one.start), wall(one.end)];
    return el("span", { class: `is-${one.busy || "busy"}`, style: across(from, to, at), title: toldRange(from, to, CLOCK) });
  });
  const works = working && walls(working);
  const said = busy === null ? t("no-information") : bars.length ? t("busy-times", { times: bars.map((bar) => bar.title).join(", ") }) : t("free-all-day");
  const when = works && (works.length ? t("works", { times: works.map(([from, to]) => toldRange(from, to, CLOCK)).join(", ") }) : t("works-not"));
  const title = [said, when].filter(Boolean).join("; ");
  const away = works ? between(works, at).map(([from, to]) => el("span", { class: "away", style: across(from, to, at) })) : [];
  return el("div", { class: "busy-line" }, el("span", { class: "busy-name", text: nameOf(person) }),
    el("span", { class: busy === null ? "busy-lane unknown" : "busy-lane", role: "img", "aria-label": t("with-value", { name: nameOf(person), value: title }), title }, ...away, ...bars));
}

function across(from, to, at) {
  const part = (time) => Math.min(1, Math.max(0, ((time - at) / HOUR - FROM) / (TO - FROM)));
  return { "--from": part(from), "--length": Math.max(0, part(to) - part(from)) };
}

/** Return the first time from the chosen one on at which nobody is known to be busy; a later one is in working hours. */
function firstFree(people, start, length, at) {
  const taken = people.flatMap(({ busy }) => walls(busy ?? []));
  const works = people.map(({ working }) => (working ? walls(working) : [[at, plus(at, 18 * HOUR)]]));
  const fits = (time) => works.every((some) => some.some(([from, to]) => from <= time && plus(time, length) <= to));
  for (let time = start; time === start || time < plus(at, DAY); time = plus(time, STEP)) {
    if ((time === start || fits(time)) && taken.every(([from, to]) => plus(time, length) <= from || time >= to)) return time;
  }
  return null;
}
