// One appointment as a card, with what can be done to it.

import { call } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { edit } from "./eventform.js";
import { t } from "./language.js";
import { answerButtons, when } from "./meeting.js";
import { ask, show, toast } from "./overlay.js";
import { nameOf } from "./words.js";

/** Show an entry with what can be done; resolves to whether something has changed. */
export async function see(page, entry) {
  const { id, original } = entry;
  const detail = await call("GetAppointment", { id, original });
  const invited = detail.meeting && !detail.mine;
  let next = null;
  const leave = (what) => { next = what; dialog.close("yes"); };
  const line = (shape, text) => text && el("p", {}, icon(shape), el("span", { text }));
  const dialog = el("dialog", { class: "event-card", "aria-label": detail.subject || t("no-title") },
    el("header", {}, el("h2", { text: detail.subject || t("no-title") }), iconButton("close", t("close"), () => dialog.close())),
    line("clock", when(detail)), detail.recurring && line("repeat", t("series")), detail.location && line("place", detail.location),
    detail.meeting && line("people", [...(detail.mine ? [] : detail.organizer), ...detail.attendees].map((person) => `${nameOf(person)}${mark(person)}`).join(", ")),
    detail.cancelled && el("p", { class: "conflict", text: t("event-cancelled") }),
    detail.body && el("p", { class: "event-body", text: detail.body }),
    invited && !detail.cancelled && el("div", { class: "answers", role: "group", "aria-label": t("answer") }, ...answerButtons(detail.answer, leave)),
    el("div", { class: "buttons" },
      el("button", { type: "button", class: "quiet", on: { click: () => leave("delete") } }, icon("delete"), deletes(detail)),
      el("span", { class: "space" }),
      detail.recurring && original && detail.mine && el("button", { type: "button", class: "quiet", text: t("edit-series"), on: { click: () => leave("series") } }),
      detail.mine && el("button", { type: "button", class: "primary", text: detail.recurring && original ? t("edit-this") : t("edit"), on: { click: () => leave("edit") } })));
  addEventListener("hashchange", () => dialog.close(), { once: true });  // who goes back, as on a phone, leaves it too
  await show(dialog, () => true);
  if (next === "edit") return edit(page, { ...detail, original });
  if (next === "series") return edit(page, { ...await call("GetAppointment", { id }), original: "" });
  if (next === "delete") return remove(detail, original);
  return next ? answer(detail, original, next) : false;
}

const deletes = ({ meeting, mine, cancelled }) => t(meeting && mine ? "cancel-meeting" : cancelled ? "remove-from-calendar" : "delete");

async function answer({ id, recurring }, original, name) {
  const one = recurring && original ? await choose(t(`answer-${name}`), t("which-answer"), t("this-one"), t("whole-series")) : false;
  if (one === null) return false;
  await call("AnswerMeeting", { id, original: one ? original : "", answer: name });
  toast(t(`answered-${name}`));
  return true;
}

const mark = ({ response }) => ({ Accept: " ✓", Decline: " ✗", Tentative: " ?" }[response] ?? "");

async function remove(detail, original) {
  let target = original;
  if (detail.recurring && original) {
    const one = await choose(t("delete"), t("which-delete"), t("this-one"), t("whole-series"));
    if (one === null) return false;
    if (!one) target = "";
  } else if (!await ask({ title: t("delete-event"), text: detail.subject, action: t("delete"), danger: true })) {
    return false;
  }
  const cancels = detail.meeting && detail.mine;
  await call(cancels ? "CancelMeeting" : "DeleteAppointment", { id: detail.id, original: target });
  toast(cancels ? t("meeting-was-cancelled") : t("event-deleted"));
  return true;
}

/** Ask which of two; null for neither. */
async function choose(title, text, first, second) {
  let chosen = null;
  const pick = (value) => () => { chosen = value; dialog.close("yes"); };
  const dialog = el("dialog", { "aria-label": title }, el("h2", { text: title }), el("p", { text }),
    el("div", { class: "buttons" }, el("button", { type: "button", class: "quiet", text: t("cancel"), on: { click: () => dialog.close() } }),
      el("button", { type: "button", class: "quiet outlined", text: second, on: { click: pick(false) } }), el("button", { type: "button", class: "primary", text: first, on: { click: pick(true) } })));
  await show(dialog, () => true);
  return chosen;
}
