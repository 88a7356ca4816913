// The form of a rule: what a message must have, and what is done with it then.

import { call } from "./api.js";
import { el } from "./dom.js";
import { t } from "./language.js";
import { show } from "./overlay.js";
import { RecipientField } from "./recipients.js";

const WORDS = [["from", "rule-from"], ["to", "rule-to"], ["subject", "rule-subject"], ["body", "rule-body"]];
const FLAGS = [["read", "mark-read"], ["important", "mark-important"], ["delete", "delete"], ["stop", "rule-stop"]];

/** Edit a rule, a new one if it is null; resolves to whether it was saved. */
export async function edit(rule, folders, categories) {
  const form = new Form(rule, folders, categories.map(({ name }) => name));
  return Boolean(await show(form.dialog, () => true));
}

class Form {
  constructor(rule, folders, categories) {
    this.rule = rule;
    this.name = el("input", { type: "text", required: true, maxlength: "255", autocomplete: "off", value: rule?.name ?? "", autofocus: true });
    this.words = WORDS.map(([key]) => el("input", { type: "text", name: key, autocomplete: "off", placeholder: t("rule-words"), value: rule?.[key].join(", ") ?? "" }));
    this.folder = el("select", {}, el("option", { value: "", text: t("rule-stays") }), ...folders.map(({ id, name, depth }) => el("option", { value: id, text: `${"\u2003".repeat(depth)}${name}` })));
    this.folder.value = rule?.folder ?? "";
    this.flags = FLAGS.map(([key]) => el("input", { type: "checkbox", name: key, checked: rule?.[key] }));
    this.categories = [...new Set([...categories, ...(rule?.categories ?? [])])].map((name) => el("input", { type: "checkbox", value: name, checked: rule?.categories.includes(name) }));
    this.forward = new RecipientField(t("forward-to"), () => {});
    this.forward.set((rule?.forward ?? []).map((address) => ({ name: "", address })));
    this.wrong = el("p", { class: "wrong", role: "alert", hidden: true });
    this.#build(rule ? t("edit-rule", { name: rule.name }) : t("new-rule"));
  }

  #build(title) {
    const labelled = (label, input) => el("label", {}, el("span", { text: label }), input);
    const checked = (input, label) => el("label", { class: "inline" }, input, el("span", { text: label }));
    const group = (label, ...inputs) => el("fieldset", {}, el("legend", { text: label }), ...inputs);
    this.dialog = el("dialog", { class: "rule-form", "aria-label": title },
      el("form", { on: { submit: (event) => { event.preventDefault(); this.#save(); } } },
        el("h2", { text: title }), labelled(t("name"), this.name),
        group(t("rule-when"), ...WORDS.map(([, word], index) => labelled(t(word), this.words[index]))),
        group(t("rule-then"), labelled(t("move-to"), this.folder), this.forward.element,
          el("div", { class: "choices" }, ...FLAGS.map(([, word], index) => checked(this.flags[index], t(word))))),
        group(t("categories"), el("div", { class: "choices" }, ...this.categories.map((input) => checked(input, input.value)))),
        this.rule?.more && el("p", { class: "quiet-text", text: t("rule-more") }), this.wrong,
        el("div", { class: "buttons" },
          el("button", { type: "button", class: "quiet", text: t("cancel"), on: { click: () => this.dialog.close() } }), el("button", { class: "primary", text: t("save") }))));
  }

  get #values() {
    return {
      ...Object.fromEntries(this.words.map(({ name, value }) => [name, value.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean)])),
      ...Object.fromEntries(this.flags.map(({ name, checked }) => [name, checked])),
      folder: this.folder.value,
      categories: this.categories.filter(({ checked }) => checked).map(({ value }) => value),
      forward: this.forward.people.map(({ address }) => address),
    };
  }

  async #save() {
    const reachable = this.forward.settle();
    const values = this.#values;
    const does = this.rule?.more || values.folder || values.forward.length || values.categories.length || FLAGS.some(([key]) => values[key]);
    if (!reachable || !does) return this.#say(t(reachable ? "rule-empty" : "bad-recipient"));
    try {
      await call("SaveInboxRule", { id: this.rule?.id, name: this.name.value, ...values });
      this.dialog.close("yes");
    } catch (error) {
      this.#say(error.message);
    }
    return undefined;
  }

  #say(text) {
    this.wrong.textContent = text;
    this.wrong.hidden = false;
  }
}
