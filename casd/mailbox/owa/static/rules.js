// Rules: what is done with messages as they arrive; a list in the order in which they are tried.

import { call } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { arranged } from "./folders.js";
import { t } from "./language.js";
import { ask, complain, toast } from "./overlay.js";
import { edit } from "./ruleform.js";

/** Make the list, which fills itself. */
export function rules(page) {
  const list = new Rules(page);
  list.fill().catch(complain);
  return list.element;
}

class Rules {
  constructor(page) {
    this.page = page;
    this.rules = [];
    this.folders = [];
    this.list = el("ol", { class: "rule-list", "aria-label": t("rules") });
    const more = el("button", { type: "button", class: "quiet", on: { click: () => this.#edit(null) } }, icon("plus"), t("new-rule"));
    this.element = el("div", {}, this.list, more);
  }

  async fill() {
    const [{ rules }, { folders }] = await Promise.all([call("GetInboxRules"), call("FindFolder")]);
    this.folders = arranged(folders);
    this.#show(rules);
  }

  #show(rules) {
    this.rules = rules;
    this.list.replaceChildren(...rules.map((rule, index) => this.#row(rule, index)));
    if (!rules.length) this.list.replaceChildren(el("li", { class: "quiet-text", text: t("no-rules") }));
  }

  #row(rule, index) {
    const { name, enabled } = rule;
    const on = el("input", { type: "checkbox", checked: enabled, "aria-label": t("rule-on", { name }), on: { change: () => this.#change("SaveInboxRule", { id: rule.id, enabled: on.checked }) } });
    const tool = (shape, label, run, properties) => iconButton(shape, label, run, { dataset: { does: shape }, ...properties });
    return el("li", { dataset: { id: rule.id } }, on,
      el("span", { class: enabled ? "two-lines" : "two-lines is-off" }, el("b", { text: name }), el("span", { text: `${this.#when(rule)} → ${this.#then(rule)}` })),
      el("span", { class: "rule-tools", role: "group", "aria-label": t("actions-for", { name }) },
        tool("up", t("move-up", { name }), () => this.#move(index, -1), { disabled: index === 0 }),
        tool("down", t("move-down", { name }), () => this.#move(index, 1), { disabled: index === this.rules.length - 1 }),
        tool("draft", t("edit-rule", { name }), () => this.#edit(rule)),
        tool("delete", t("remove", { name }), () => this.#delete(rule))));
  }

  #when({ from, to, subject, body, more }) {
    const said = [[from, "rule-from"], [to, "rule-to"], [subject, "rule-subject"], [body, "rule-body"]];
    const words = said.filter(([words]) => words.length).map(([words, key]) => value(t(key), words.join(", ")));
    return words.join("; ") || t(more ? "rule-more" : "rule-every");
  }

  #then({ folder, read, important, categories, forward, delete: gone, stop }) {
    const home = this.folders.find(({ id }) => id === folder);
    const done = [
      folder && value(t("move-to"), home?.name ?? "?"), read && t("mark-read"), important && t("mark-important"),
      categories.length && value(t("categories"), categories.join(", ")), forward.length && value(t("forward-to"), forward.join(", ")),
      gone && t("delete"), stop && t("rule-stop"),
    ];
    return done.filter(Boolean).join("; ") || t("rule-more");
  }

  async #edit(rule) {
    if (!await edit(rule, this.folders, this.page.settings.categories)) return;
    toast(t("saved"));
    await this.#again(rule?.id, "draft");
  }

  async #move(index, by) {
    const ids = this.rules.map(({ id }) => id);
    const [id] = ids.splice(index, 1);
    ids.splice(index + by, 0, id);
    await this.#change("SortInboxRules", { ids });
    this.#focus(id, by < 0 ? "up" : "down");
  }

  async #delete(rule) {
    if (await ask({ title: t("delete-rule"), text: rule.name, action: t("delete"), danger: true })) await this.#change("DeleteInboxRule", { id: rule.id });
  }

  async #change(action, values) {
    await call(action, values).then(() => toast(t("saved")), complain);
    await this.#again(values.id, "");
  }

  async #again(id, does) {
    await this.fill().catch(complain);
    this.#focus(id, does);
  }

  /** Stay with a rule that was drawn anew: at the same button, or at the one beside it if that can do no more. */
  #focus(id, does) {
    const row = id && this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    const there = row || this.list.lastElementChild;
    const button = there?.querySelector(`[data-does="${does}"]:not(:disabled)`) ?? there?.querySelector(does ? "button:not(:disabled)" : "input");
    button?.focus();
  }
}

const value = (name, said) => t("with-value", { name, value: said });
