// A meeting in a message: what it asks, with the buttons that answer.

import { call } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { complain, toast } from "./overlay.js";
import { dateText, DAY, fromText, plus, wall } from "./time.js";
import { nameOf, toldRange } from "./words.js";

const ANSWERS = [["accept", "check"], ["tentative", "question"], ["decline", "close"]];

/** Make the card of a message's `invitation`; null if it has none. */
export function meetingCard(item) {
  const { invitation } = item;
  if (!invitation) return null;
  const card = el("section", { class: "meeting", "aria-label": t("meeting") }, el("h3", { text: heading(item) }),
    line("clock", when(invitation)), invitation.recurring && line("repeat", t("series")), invitation.location && line("place", invitation.location),
    invitation.method === "REQUEST" && invitation.who.length > 0 && line("people", invitation.who.map(nameOf).join(", ")),
    invitation.proposed && line("clock", t("proposes-time")),
    invitation.outdated && el("p", { class: "conflict" }, icon("clock"), el("span", { text: t("outdated") })),
    invitation.cancelled && invitation.method === "REQUEST" && el("p", { class: "conflict" }, icon("close"), el("span", { text: t("event-cancelled") })),
    invitation.conflicts.length > 0 && open(invitation) && el("p", { class: "conflict" }, icon("important"), el("span", { text: t("conflicts", { with: invitation.conflicts.join(", ") }) })));
  const buttons = el("div", { class: "answers", role: "group", "aria-label": t("answer") });
  fill(buttons, item);
  card.append(buttons);
  return card;
}

/** Say from when to when, whole days as days. */
export function when({ start, end, allDay }) {
  if (!allDay) return toldRange(wall(start), wall(end), { weekday: "short", day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "numeric" });
  return toldRange(fromText(start), plus(fromText(end), -DAY), { weekday: "short", day: "numeric", month: "long", year: "numeric" });
}

/** Make the three buttons that answer; `chosen` is pressed, `run` is called with the one that is clicked. */
export function answerButtons(chosen, run) {
  return ANSWERS.map(([name, shape]) => el("button", {
    type: "button", class: "tool outlined", "aria-pressed": String(chosen === name), on: { click: () => run(name) },
  }, icon(shape), t(`answer-${name}`)));
}

/** Say whether it can be answered. */
const open = ({ method, mine, outdated, cancelled }) => method === "REQUEST" && !mine && !outdated && !cancelled;

function heading({ invitation, from }) {
  const who = nameOf(from[0] ?? { name: "", address: "" });
  const title = invitation.subject || t("no-subject");
  if (invitation.method === "CANCEL") return t("meeting-cancelled", { title });
  if (invitation.method === "REPLY") return t(`replied-${invitation.answered || "unknown"}`, { who, title });
  return title;
}

function fill(buttons, item) {
  const { invitation } = item;
  const answers = open(invitation) ? answerButtons(invitation.answer, (name) => answer(buttons, item, name)) : [];
  if (invitation.method === "CANCEL" && invitation.known) answers.push(el("button", { type: "button", class: "tool outlined", on: { click: () => remove(buttons, item) } }, icon("delete"), t("remove-from-calendar")));
  const day = dateText(invitation.allDay ? fromText(invitation.start) : wall(invitation.start));
  const waiting = open(invitation) && !invitation.answer && el("p", { class: "quiet-text", text: t("not-answered") });
  buttons.replaceChildren(waiting || "", ...answers, el("a", { class: "tool", href: `#/calendar/day/${day}` }, icon("calendar"), t("see-calendar")));
}

async function answer(buttons, item, name) {
  for (const button of buttons.querySelectorAll("button")) button.disabled = true;
  try {
    await call("AnswerMeeting", { id: item.id, answer: name });
    item.invitation.answer = name;
    toast(t(`answered-${name}`));
  } catch (error) {
    complain(error);
  }
  fill(buttons, item);
}

async function remove(buttons, item) {
  try {
    await call("RemoveCancelled", { id: item.id });
    item.invitation.known = false;
  } catch (error) {
    complain(error);
  }
  fill(buttons, item);
}

const line = (shape, text) => el("p", {}, icon(shape), el("span", { text }));
