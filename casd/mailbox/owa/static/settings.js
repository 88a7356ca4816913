// Settings: language, time zone, colours, conversations, signature, automatic replies, working hours, rules,
// categories.

import { absence } from "./absence.js";
import { editorUrl, pending } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { hours } from "./hours.js";
import { t } from "./language.js";
import { complain, toast } from "./overlay.js";
import { rules } from "./rules.js";
import { DAY } from "./time.js";
import { fileSize, toldWall, zoneChoices } from "./words.js";

const NAMES = { en: "English", de: "Deutsch", fr: "Français" };
const COLOURS = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "grey"];
const SUNDAY = new Date(Date.UTC(2023, 0, 1));
const KEEP_MS = 600;

export const open = (root, page) => new Settings(root, page);

class Settings {
  constructor(root, page) {
    this.root = root;
    this.page = page;
  }

  async arrive([section = ""]) {
    this.page.entitle(t("settings"));
    this.#draw();
    if (section in this.sections) this.sections[section].scrollIntoView();
  }

  /** Show what another browser has chosen. */
  async happened() {
    const shown = JSON.stringify(this.page.settings);
    if (shown !== this.shown && !this.root.hidden && !this.root.contains(document.activeElement)) this.#draw();
  }

  key() {
    return false;
  }

  #draw() {
    const { settings } = this.page;
    this.shown = JSON.stringify(settings);
    this.sections = { rules: section(t("rules"), rules(this.page)), categories: this.#categories() };
    this.root.replaceChildren(el("main", { class: "sheet settings", "aria-label": t("settings") }, el("h1", { text: t("settings") }),
      section(t("general"),
        this.#select("language", t("language"), [["", t("as-browser")], ...Object.entries(NAMES)], settings.language, { reload: true }),
        this.#select("zone", t("time-zone"), [["", t("as-browser-zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })], ...zoneChoices(settings.zone)], settings.zone, { reload: true }),
        this.#select("theme", t("theme"), [["", t("as-system")], ["light", t("light")], ["dark", t("dark")]], settings.theme),
        this.#select("firstDay", t("first-day"), [1, 0, 6].map((day) => [day, toldWall(new Date(SUNDAY.getTime() + day * DAY), { weekday: "long" })]), settings.firstDay, { read: Number }),
        storage(this.page.storage)),
      section(t("mail"), this.#conversations(settings), this.#signature()),
      section(t("automatic-replies"), absence()),
      section(t("working-hours"), hours(this.page)),
      ...Object.values(this.sections)));
  }

  #select(name, label, options, value, { reload = false, read = String } = {}) {
    const input = el("select", { on: { change: async () => {
      if (await this.#keep({ [name]: read(input.value) }) && reload) this.#afresh();
    } } }, ...options.map(([key, text]) => el("option", { value: key, text })));
    input.value = value;
    return el("label", { class: "setting" }, el("span", { text: label }), input);
  }

  /** Load the page anew, once nothing is on its way any more: the browser would ask whether that may be lost. */
  #afresh() {
    if (pending()) setTimeout(() => this.#afresh(), 50);
    else location.reload();
  }

  #conversations({ conversations }) {
    const input = el("input", { type: "checkbox", checked: conversations, on: { change: async () => {
      if (await this.#keep({ conversations: input.checked })) this.#afresh();
    } } });
    return el("label", { class: "setting" }, el("span", { text: t("by-conversation") }), input);
  }

  #signature() {
    const frame = el("iframe", { title: t("signature"), sandbox: "allow-same-origin", src: editorUrl("signature") });
    frame.addEventListener("load", () => {
      const { body, documentElement } = frame.contentDocument ?? {};
      if (!documentElement?.classList.contains("editor")) return;
      documentElement.dataset.theme = document.documentElement.dataset.theme;
      body.contentEditable = "true";
      for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": t("signature") })) body.setAttribute(name, value);
      body.addEventListener("input", () => {
        clearTimeout(this.writing);
        this.writing = setTimeout(() => this.#keep({ signature: body.innerText.trim() ? body.innerHTML : "" }), KEEP_MS);
      });
    });
    return el("div", { class: "setting tall" }, el("span", { text: t("signature") }), frame);
  }

  #categories() {
    const list = el("ul", { class: "category-list" });
    const values = () => [...list.children].map((row) => ({ name: row.querySelector("input").value.trim(), colour: row.querySelector("select").value })).filter(({ name }) => name);
    const keep = () => this.#keep({ categories: values() });
    const add = ({ name, colour }) => {
      const dot = el("span", { class: `dot colour-${colour}` });
      const row = el("li", {}, dot,
        el("input", { type: "text", value: name, "aria-label": t("name"), maxlength: "255", on: { change: keep } }),
        el("select", { "aria-label": t("colour"), on: { change: (event) => { dot.className = `dot colour-${event.target.value}`; keep(); } } }, ...COLOURS.map((each) => el("option", { value: each, text: t(`colour-${each}`), selected: each === colour }))),
        iconButton("delete", t("remove", { name }), () => { row.remove(); keep(); }));
      list.append(row);
      return row;
    };
    this.page.settings.categories.forEach(add);
    const more = el("button", { type: "button", class: "quiet", on: { click: () => add({ name: "", colour: "blue" }).querySelector("input").focus() } }, icon("plus"), t("new-category"));
    return section(t("categories"), list, more);
  }

  async #keep(values) {
    try {
      await this.page.save(values);
      this.shown = JSON.stringify(this.page.settings);
      toast(t("saved"));
      return true;
    } catch (error) {
      complain(error);
      return false;
    }
  }
}

/** Say how full the mailbox is. */
function storage({ size, limit }) {
  const text = limit ? t("used-of", { size: fileSize(size), limit: fileSize(limit) }) : fileSize(size);
  const meter = limit && el("meter", { min: "0", max: limit, high: limit * .9, value: size, "aria-label": t("storage") });
  return el("div", { class: "setting" }, el("span", { text: t("storage") }), el("span", { class: "storage" }, meter, el("span", { text })));
}

function section(title, ...children) {
  return el("section", { "aria-label": title }, el("h2", { text: title }), ...children);
}
