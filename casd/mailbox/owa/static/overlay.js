// What stands above the page for a moment: notices, menus, questions.

import { $, el, icon } from "./dom.js";
import { t } from "./language.js";

const SHOWN_MS = 7000;

/** Say something; `action` is `{ label, run }`, for example to undo. What `stays` waits to be dismissed. */
export function toast(text, action, { error = false, stays = error } = {}) {
  const bar = el("div", { class: error ? "toast error" : "toast", role: error ? "alert" : null }, el("span", { text }));
  const away = () => bar.remove();
  if (action) bar.append(el("button", { type: "button", text: action.label, on: { click: () => { away(); action.run(); } } }));
  bar.append(el("button", { type: "button", class: "icon", "aria-label": t("dismiss"), on: { click: away } }, icon("close")));
  while ($("#toasts").childElementCount > 2) $("#toasts").firstElementChild.remove();
  $("#toasts").append(bar);
  if (!stays) setTimeout(away, SHOWN_MS);
}

/** Say what is still missing; it is not true for long. */
export function remark(text) {
  toast(text, null, { error: true, stays: false });
}

/** Say that something went wrong. */
export function complain(error) {
  if (error.name !== "AbortError") toast(error.message, null, { error: true });
}

/** Open a menu at a button; entries are `{ icon or colour, label, run, depth, checked }` or null for a line. */
export function menu(anchor, label, entries) {
  const list = el("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto" });
  for (const entry of entries) list.append(entry ? menuItem(list, entry) : el("hr"));
  list.addEventListener("keydown", (event) => roam(list, event));
  list.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    list.remove();
    anchor.focus({ preventScroll: true });
  });
  document.body.append(list);
  list.showPopover();
  place(list, anchor.getBoundingClientRect());
  $("[role^=menuitem]", list)?.focus();
}

function menuItem(list, { icon: name, label, run, depth = 0, colour = "", checked }) {
  const click = () => { list.hidePopover(); run(); };
  const role = checked === undefined ? { role: "menuitem" } : { role: "menuitemcheckbox", "aria-checked": String(checked) };
  return el("button", { type: "button", ...role, tabindex: "-1", style: { "--depth": depth }, on: { click } },
    name && icon(name), colour && el("span", { class: `dot colour-${colour}` }), el("span", { class: "space", text: label }), checked && icon("check"));
}

function place(list, at) {
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = at.bottom + height + 8 <= innerHeight || at.top < height;
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  list.style.top = `${below ? at.bottom + 4 : at.top - height - 4}px`;
}

function roam(list, event) {
  const entries = [...list.querySelectorAll("[role^=menuitem]")];
  const here = entries.indexOf(document.activeElement);
  const there = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
  event.stopPropagation();
  if (there === undefined) return;
  event.preventDefault();
  entries.at(there % entries.length).focus();
}

/** Ask for a line of text, or without `label` for a yes; resolves to null when the answer is no. */
export function ask({ title, text, label, value = "", action, danger = false }) {
  const input = label && el("input", { type: "text", value, required: true, maxlength: "255", "aria-label": label, autocomplete: "off" });
  const dialog = el("dialog", { "aria-label": title },
    el("form", { method: "dialog" },
      el("h2", { text: title }),
      text && el("p", { text }),
      input,
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "quiet", text: t("cancel"), on: { click: () => dialog.close() } }),
        el("button", { class: danger ? "primary danger" : "primary", value: "yes", autofocus: !danger && !label, text: action }))));
  return show(dialog, () => (input ? input.value.trim() : true));
}

/** Show a table of keys and what they do. */
export function showKeys(keys) {
  const rows = keys.map(([key, does]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", { text: key })), el("td", { text: does })));
  const dialog = el("dialog", { "aria-label": t("keys") },
    el("form", { method: "dialog" },
      el("h2", { text: t("keys") }),
      el("table", {}, el("tbody", {}, ...rows)),
      el("div", { class: "buttons" }, el("button", { class: "primary", text: t("close") }))));
  return show(dialog, () => true);
}

/** Show a dialog until it is closed; resolves to `answer()` when it was with "yes", else to null. */
export function show(dialog, answer) {
  document.body.append(dialog);
  dialog.showModal();
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? answer() : null);
      dialog.remove();
    });
  });
}
