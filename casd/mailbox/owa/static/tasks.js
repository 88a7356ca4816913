// Tasks: what is to be done, until when.

import { call } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";
import { complain, toast } from "./overlay.js";
import { dateText, fromText, now } from "./time.js";
import { toldWall } from "./words.js";

const LASTING = { lasting: true };

export const open = (root, page) => new Tasks(root, page);

class Tasks {
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.items = [];
    this.chosen = "";
    this.input = el("input", { type: "text", placeholder: t("add-task"), "aria-label": t("add-task"), maxlength: "255", autocomplete: "off" });
    const form = el("form", { class: "add-task", on: { submit: (event) => { event.preventDefault(); this.#add(); } } }, icon("plus"), this.input, el("button", { class: "primary", text: t("add") }));
    this.list = el("ul", { class: "plain-list tasks", "aria-label": t("tasks") });
    this.done = el("ul", { class: "plain-list tasks", "aria-label": t("done") });
    this.doneFold = el("details", {}, el("summary", {}), this.done);
    this.detail = el("aside", { class: "sheet detail", "aria-label": t("task") });
    root.replaceChildren(
      el("main", { class: "sheet listing", "aria-label": t("tasks") }, el("header", {}, el("h1", { text: t("tasks") }), form), el("div", { class: "scroll" }, this.list, this.doneFold)),
      this.detail);
  }

  async arrive([id = ""]) {
    this.page.entitle(t("tasks"));
    this.chosen = id;
    await this.#fetch();
  }

  async happened() {
    await this.#fetch({ background: true }).catch(() => {});
  }

  key(action) {
    const keys = { compose: () => this.input.focus(), back: () => { location.hash = "#/tasks"; }, delete: () => this.#current && this.#delete(this.#current) };
    return keys[action] ? void keys[action]() : false;
  }

  get #current() {
    return this.items.find((item) => item.id === this.chosen);
  }

  async #fetch(options) {
    const { items } = await call("FindTask", {}, { ...LASTING, ...options });
    this.items = items;
    this.#draw();
    if (!this.detail.contains(document.activeElement)) this.#show();
  }

  #draw() {
    const todo = sorted(this.items.filter((item) => !item.done));
    const done = this.items.filter((item) => item.done);
    this.list.replaceChildren(...todo.map((item) => this.#row(item)));
    if (!todo.length) this.list.append(el("li", { class: "nothing-here", text: t("nothing-to-do") }));
    this.done.replaceChildren(...done.map((item) => this.#row(item)));
    this.doneFold.hidden = !done.length;
    this.doneFold.firstElementChild.textContent = t("done-count", { count: done.length });
  }

  #row(item) {
    const late = !item.done && item.due && item.due < dateText(now());
    return el("li", { class: item.done ? "task is-done" : "task" },
      el("input", { type: "checkbox", checked: item.done, "aria-label": t("mark-done", { subject: item.subject }), on: { change: (event) => this.#change(item, { done: event.target.checked }) } }),
      el("a", { href: `#/tasks/${item.id}`, "aria-current": item.id === this.chosen ? "page" : null },
        el("span", { class: "two-lines" }, el("b", { text: item.subject || t("no-title") }), item.due && el("span", { class: late ? "late" : "", text: due(item.due) }))),
      iconButton("important", item.importance > 1 ? t("not-important") : t("make-important"), () => this.#change(item, { importance: item.importance > 1 ? 1 : 2 }), { "aria-pressed": String(item.importance > 1) }));
  }

  #show() {
    const item = this.#current;
    this.root.dataset.view = item ? "detail" : "list";
    if (!item) return this.detail.replaceChildren(el("div", { class: "nothing" }, icon("tasks"), el("p", { text: t("choose-task") })));
    const subject = el("input", { type: "text", value: item.subject, maxlength: "255", on: { change: () => this.#change(item, { subject: subject.value }) } });
    const day = el("input", { type: "date", value: item.due, on: { change: () => this.#change(item, { due: day.value }) } });
    const body = el("textarea", { rows: "8", on: { change: () => this.#change(item, { body: body.value }) } });
    body.value = item.body;
    return this.detail.replaceChildren(
      el("div", { class: "tools", role: "toolbar", "aria-label": t("task") }, iconButton("back", t("back"), () => { location.hash = "#/tasks"; }, { class: "icon back" }),
        el("span", { class: "space" }), iconButton("delete", t("delete"), () => this.#delete(item))),
      el("div", { class: "fields" }, el("label", {}, el("span", { text: t("title") }), subject), el("label", {}, el("span", { text: t("due") }), day), el("label", {}, el("span", { text: t("notes") }), body)));
  }

  async #add() {
    const subject = this.input.value.trim();
    if (!subject) return;
    this.input.value = "";
    await call("SaveTask", { subject }).catch((error) => { this.input.value = subject; complain(error); });
    await this.#fetch();
  }

  /** Change a task at once, then at the server. */
  async #change(item, values) {
    Object.assign(item, values);
    this.#draw();
    await call("SaveTask", { id: item.id, ...values }, LASTING).catch(complain);
    await this.#fetch().catch(complain);
  }

  async #delete(item) {
    await call("DeleteItem", { ids: [item.id] }, LASTING).catch(complain);
    toast(t("task-deleted"), { label: t("undo"), run: () => call("MoveItem", { ids: [item.id], folder: "tasks" }).then(() => this.#fetch(), complain) });
    location.hash = "#/tasks";
    await this.#fetch();
  }
}

/** Those that are due first, then the others; the important ones first of equals. */
function sorted(items) {
  return [...items].sort((one, other) => (one.due || "9").localeCompare(other.due || "9") || other.importance - one.importance);
}

const due = (day) => t("due-on", { day: toldWall(fromText(day), { weekday: "short", day: "numeric", month: "long" }) });
