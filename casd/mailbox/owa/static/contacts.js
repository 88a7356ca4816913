// People: the contacts of this mailbox, one of them shown or edited.

import { call } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";
import { ask, complain, remark, toast } from "./overlay.js";
import { hue, initials, nameOf } from "./words.js";

const FILTER_MS = 150;
const FIELDS = [
  ["givenName", "given-name", "text"], ["surname", "surname", "text"], ["company", "company", "text"], ["jobTitle", "job-title", "text"],
  ["email", "email", "email"], ["email2", "email-2", "email"], ["mobile", "mobile", "tel"], ["phone", "phone", "tel"],
  ["street", "street", "text"], ["postalCode", "postal-code", "text"], ["city", "city", "text"], ["country", "country", "text"],
];

export const open = (root, page) => new People(root, page);

class People {
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.items = [];
    this.chosen = "";
    this.editing = false;
    this.filter = el("input", { type: "search", placeholder: t("filter-people"), "aria-label": t("filter-people"), on: { input: () => this.#typed() } });
    this.list = el("ul", { class: "plain-list", "aria-label": t("people") });
    this.detail = el("main", { class: "sheet detail", "aria-label": t("contact"), tabindex: "-1" });
    root.replaceChildren(
      el("section", { class: "sheet listing", "aria-label": t("people") },
        el("header", {}, el("h1", { text: t("people") }), el("button", { type: "button", class: "primary", on: { click: () => this.#edit(null) } }, icon("plus"), el("span", { text: t("new-contact") })), this.filter),
        this.list),
      this.detail);
  }

  async arrive([id = ""]) {
    this.page.entitle(t("people"));
    this.chosen = id;
    this.editing = false;
    await this.#fetch();
    if (!this.editing) await this.#show();
  }

  async happened() {
    await this.#fetch({ background: true });
    if (!this.editing) await this.#show({ background: true });
  }

  key(action) {
    const step = (by) => {
      const index = this.items.findIndex((item) => item.id === this.chosen);
      const next = this.items[Math.max(0, Math.min(index + by, this.items.length - 1))];
      if (next) location.hash = `#/people/${next.id}`;
    };
    const keys = { compose: () => this.#edit(null), next: () => step(1), previous: () => step(-1), back: () => { location.hash = "#/people"; }, delete: () => this.#current && this.#delete(this.#current) };
    return keys[action] ? void keys[action]() : false;
  }

  get #current() {
    return this.items.find((item) => item.id === this.chosen);
  }

  #typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#fetch().catch(complain), FILTER_MS);
  }

  async #fetch(options) {
    const query = this.filter.value.trim();
    const { items } = await call("FindContact", { query }, { lasting: true, ...options });
    if (this.filter.value.trim() !== query) return;
    this.items = items;
    let letter = "";
    this.list.replaceChildren(...items.flatMap((item) => {
      const first = (item.fileAs || nameOf(item))[0]?.toUpperCase() ?? "";
      const heading = first === letter ? [] : [el("li", { class: "letter", "aria-hidden": "true", text: first })];
      letter = first;
      return [...heading, this.#row(item)];
    }));
    if (!items.length) this.list.replaceChildren(el("li", { class: "nothing-here", text: query ? t("nothing-found") : t("no-contacts") }));
  }

  #row(item) {
    return el("li", {}, el("a", { href: `#/people/${item.id}`, "aria-current": item.id === this.chosen ? "page" : null },
      avatar(item), el("span", { class: "two-lines" }, el("b", { text: nameOf(item) }), el("span", { text: item.address || item.company }))));
  }

  async #show(options) {
    this.root.dataset.view = this.chosen ? "detail" : "list";
    for (const link of this.list.querySelectorAll("a")) {
      if (link.hash === `#/people/${this.chosen}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!this.chosen) return this.detail.replaceChildren(el("div", { class: "nothing" }, icon("people"), el("p", { text: t("choose-contact") })));
    const { chosen } = this;
    try {
      const item = await call("GetContact", { id: chosen }, { lasting: true, ...options });
      if (chosen === this.chosen && !this.editing) this.#view(item);
    } catch (error) {
      if (error.status === 404) location.hash = "#/people";
      else complain(error);
    }
    return undefined;
  }

  #view(item) {
    this.editing = false;
    const person = { name: item.name, address: item.email };
    const lines = FIELDS.slice(2).filter(([name]) => item[name] && name !== "company").map(([name, word, type]) => [t(word), linked(item[name], type)]);
    this.detail.replaceChildren(
      el("div", { class: "tools", role: "toolbar", "aria-label": t("contact") }, iconButton("back", t("back"), () => { location.hash = "#/people"; }, { class: "icon back" }),
        item.email && el("button", { type: "button", class: "tool", title: t("write-mail"), "aria-label": t("write-mail"), on: { click: () => this.page.writeTo([person]) } }, icon("compose"), el("span", { text: t("write-mail") })),
        item.email && el("a", { class: "tool", href: `#/search/${encodeURIComponent(`from:${item.email}`)}`, title: t("their-messages"), "aria-label": t("their-messages") }, icon("search"), el("span", { text: t("their-messages") })),
        el("span", { class: "space" }),
        iconButton("draft", t("edit"), () => this.#edit(item)), iconButton("delete", t("delete"), () => this.#delete(item))),
      el("div", { class: "contact" }, avatar(item), el("h2", { text: nameOf(item) }), el("p", { class: "quiet-text", text: [item.jobTitle, item.company].filter(Boolean).join(", ") }),
        el("dl", {}, ...lines.flatMap(([label, value]) => [el("dt", { text: label }), el("dd", {}, value)])),
        item.notes && el("p", { class: "notes", text: item.notes })));
  }

  #edit(item) {
    this.editing = true;
    this.root.dataset.view = "detail";
    const inputs = FIELDS.map(([name, word, type]) => [name, el("label", {}, el("span", { text: t(word) }), el("input", { type, name, value: item?.[name] ?? "", maxlength: "255", autocomplete: "off" }))]);
    const notes = el("textarea", { name: "notes", rows: "4" });
    notes.value = item?.notes ?? "";
    const form = el("form", { class: "fields", "aria-label": item ? t("edit-contact") : t("new-contact"), on: { submit: (event) => { event.preventDefault(); this.#save(item, form); } } },
      el("h2", { text: item ? t("edit-contact") : t("new-contact") }), el("div", { class: "two-columns" }, ...inputs.map(([, label]) => label)),
      el("label", {}, el("span", { text: t("notes") }), notes),
      el("div", { class: "buttons" }, el("button", { type: "button", class: "quiet", text: t("cancel"), on: { click: () => { this.editing = false; this.#show(); } } }), el("button", { class: "primary", text: t("save") })));
    this.detail.replaceChildren(form);
    form.querySelector("input").focus();
  }

  async #save(item, form) {
    const values = Object.fromEntries(new FormData(form));
    if (!Object.entries(values).some(([name, value]) => name !== "notes" && value.trim())) return remark(t("contact-empty"));
    try {
      const saved = await call("SaveContact", { id: item?.id, ...values });
      this.editing = false;
      toast(t("contact-saved"));
      if (location.hash === `#/people/${saved.id}`) await this.arrive([saved.id]);
      else location.hash = `#/people/${saved.id}`;
    } catch (error) {
      complain(error);
    }
    return undefined;
  }

  async #delete(item) {
    if (!await ask({ title: t("delete-contact"), text: nameOf(item), action: t("delete"), danger: true })) return;
    try {
      await call("DeleteItem", { ids: [item.id] }, { lasting: true });
      toast(t("contact-deleted"), { label: t("undo"), run: () => call("MoveItem", { ids: [item.id], folder: "contacts" }).then(() => this.#fetch(), complain) });
      location.hash = "#/people";
    } catch (error) {
      complain(error);
    }
    await this.#fetch();
  }
}

function avatar(item) {
  const person = { name: item.name, address: item.address };
  return el("span", { class: "avatar", style: { "--hue": hue(person) }, text: initials(person), "aria-hidden": "true" });
}

function linked(value, type) {
  const schemes = { email: "mailto:", tel: "tel:" };
  return type in schemes ? el("a", { href: schemes[type] + value, text: value }) : value;
}
