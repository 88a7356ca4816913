// The search box: results as one types, with suggestions of what to search for.

import { call } from "./api.js";
import { $, el, icon } from "./dom.js";
import { t } from "./language.js";
import { nameOf } from "./words.js";

const RESULTS_MS = 200;
const SUGGEST_MS = 120;
const RECENT = "owa-searches";  // kept with the tab: others may use this computer
const MOST = 6;

export class SearchBox {
  /** `search(query)` shows results; an empty query leaves them. */
  constructor(form, search) {
    this.form = form;
    this.input = form.query;
    this.list = $("ul", form);
    this.search = search;
    this.asked = "";
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#settle(); });
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("focus", () => this.#suggest());
    this.input.addEventListener("blur", () => this.#close());
    this.input.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show the query that one has come to by the address. */
  set(query) {
    if (document.activeElement !== this.input) this.input.value = query;
    this.asked = query;
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  #go() {
    clearTimeout(this.waiting);
    const query = this.input.value.trim();
    if (query === this.asked) return;
    this.asked = query;
    this.search(query);
  }

  #settle() {
    remember(this.input.value.trim());
    this.#close();
    this.#go();
  }

  #typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#go(), RESULTS_MS);
    clearTimeout(this.thinking);
    this.thinking = setTimeout(() => this.#suggest(), SUGGEST_MS);
  }

  async #suggest() {
    const query = this.input.value.trim();
    const fitting = recent().filter((each) => each !== query && each.toLowerCase().startsWith(query.toLowerCase()));
    const last = query.split(/\s+/).at(-1) ?? "";
    const nothing = { people: [], subjects: [] };
    const suggested = (text) => (text.length > 1 && !text.includes(":") ? call("FindSuggestion", { query: text }, { background: true }).catch(() => nothing) : nothing);
    const [{ people }, { subjects }] = await Promise.all([suggested(last), suggested(query)]);
    if (document.activeElement !== this.input || this.input.value.trim() !== query) return;
    const before = query.slice(0, query.length - last.length);
    this.#show([
      ...fitting.slice(0, query ? 3 : MOST).map((each) => ({ shape: "clock", query: each, text: each })),
      ...people.map((person) => ({ shape: "people", query: `${before}from:${person.address} `, text: t("from-person", { name: nameOf(person) }), detail: person.address })),
      ...subjects.filter((subject) => subject.toLowerCase() !== query.toLowerCase()).map((subject) => ({ shape: "search", query: `subject:"${subject.replaceAll('"', " ")}"`, text: subject })),
    ]);
  }

  #show(entries) {
    this.list.replaceChildren(...entries.map((entry, index) => {
      const option = el("li", {
        role: "option", id: `search-suggestion-${index}`, "aria-selected": "false",
        on: { pointerdown: (event) => { event.preventDefault(); this.#take(entry.query); } },
      }, icon(entry.shape), el("span", { class: "name", text: entry.text }), entry.detail && el("span", { class: "quiet-text", text: entry.detail }));
      option.query = entry.query;
      return option;
    }));
    this.list.hidden = !entries.length;
    this.input.setAttribute("aria-expanded", String(entries.length > 0));
    this.input.removeAttribute("aria-activedescendant");
  }

  #close() {
    clearTimeout(this.thinking);
    this.#show([]);
    if (this.input.value.trim() && document.activeElement !== this.input) remember(this.input.value.trim());
  }

  #take(query) {
    this.input.value = query;
    this.#settle();
  }

  #key(event) {
    const options = [...this.list.children];
    const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      event.preventDefault();
      const there = event.key === "ArrowDown" ? (here + 1) % options.length : (here < 1 ? options.length : here) - 1;
      options.forEach((option, index) => option.setAttribute("aria-selected", String(index === there)));
      this.input.setAttribute("aria-activedescendant", options[there].id);
    } else if (event.key === "Enter" && here >= 0) {
      event.preventDefault();
      this.#take(options[here].query);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (options.length) return this.#show([]);
      this.input.value = "";
      this.#go();
      this.input.blur();
    }
  }
}

/** Return what to show of a text: the pieces that the server has cut it into, each other one marked; or as it is. */
export function marked(pieces, text) {
  return pieces?.some(Boolean) ? pieces.map((piece, index) => (index % 2 ? el("mark", { text: piece }) : piece)).filter(Boolean) : [text];
}

function recent() {
  try {
    return JSON.parse(sessionStorage.getItem(RECENT) ?? "[]");
  } catch {
    return [];
  }
}

function remember(query) {
  if (query.length < 3) return;
  const others = recent().filter((each) => each !== query && !query.startsWith(each));
  sessionStorage.setItem(RECENT, JSON.stringify([query, ...others].slice(0, MOST)));
}
