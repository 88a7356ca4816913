// A line of recipients: people as chips, with suggestions while one types.

import { call } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./language.js";
import { nameOf } from "./words.js";

const ADDRESS = /^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;[\]\\]+$/;
const WAIT_MS = 150;
let lists = 0;

export class RecipientField {
  constructor(label, changed) {
    this.people = [];
    this.changed = changed;
    this.waiting = 0;
    const id = `suggestions-${++lists}`;
    this.input = el("input", {
      type: "text", role: "combobox", "aria-label": label, "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": id, autocomplete: "off", autocapitalize: "none", spellcheck: "false",
      on: { keydown: (event) => this.#key(event), input: () => this.#typed(), blur: () => this.#left(), paste: () => setTimeout(() => this.#typed()) },
    });
    this.chips = el("span", { class: "chips" });
    this.suggestions = el("ul", { class: "suggestions", id, role: "listbox", "aria-label": t("suggestions"), hidden: true });
    this.element = el("div", { class: "recipients", on: { click: () => this.input.focus() } },
      el("span", { class: "label", text: label, "aria-hidden": "true" }), this.chips, this.input, this.suggestions);
  }

  /** Replace everyone. */
  set(people) {
    this.people = people.map(({ name, address }) => ({ name, address }));
    this.#show();
  }

  /** Take what is still typed as a recipient. Returns whether everyone has an address. */
  settle() {
    this.#take(this.input.value);
    return this.people.every((person) => ADDRESS.test(person.address));
  }

  get valid() {
    return this.people.filter((person) => ADDRESS.test(person.address));
  }

  #add(...people) {
    const known = new Set(this.people.map((person) => person.address.toLowerCase()));
    this.people.push(...people.filter((person) => !known.has(person.address.toLowerCase())));
    this.input.value = "";
    this.#suggest([]);
    this.#show();
    this.changed();
  }

  #take(text) {
    const people = text.split(/[;,\n]+/).map(read).filter((person) => person.address);
    if (people.length) this.#add(...people);
  }

  #remove(index) {
    this.people.splice(index, 1);
    this.#show();
    this.changed();
    this.input.focus();
  }

  #show() {
    this.chips.replaceChildren(...this.people.map((person, index) => el("span", {
      class: ADDRESS.test(person.address) ? "chip" : "chip wrong", title: person.address,
    }, el("span", { text: nameOf(person) }), el("button", {
      type: "button", "aria-label": t("remove", { name: nameOf(person) }), on: { click: () => this.#remove(index) },
    }, icon("close")))));
  }

  #key(event) {
    const chosen = this.suggestions.querySelector("[aria-selected=true]");
    if (event.key === "Enter" || event.key === "Tab" || event.key === "," || event.key === ";") {
      if (!chosen && !this.input.value.trim()) return;
      if (event.key !== "Tab") event.preventDefault();
      if (chosen && event.key !== "," && event.key !== ";") this.#add(chosen.person);
      else this.#take(this.input.value);
    } else if (event.key === "Backspace" && !this.input.value && this.people.length) {
      this.#remove(this.people.length - 1);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#choose(chosen, event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling");
    } else if (event.key === "Escape" && !this.suggestions.hidden) {
      event.stopPropagation();
      this.#suggest([]);
    }
  }

  #typed() {
    clearTimeout(this.waiting);
    if (/[;,\n]/.test(this.input.value)) return this.#take(this.input.value);
    const query = this.input.value.trim();
    if (!query) return this.#suggest([]);
    this.waiting = setTimeout(async () => {
      const { people } = await call("FindPeople", { query }).catch(() => ({ people: [] }));
      const known = new Set(this.people.map((person) => person.address.toLowerCase()));
      if (this.input.value.trim() === query) this.#suggest(people.filter((person) => !known.has(person.address)));
    }, WAIT_MS);
  }

  #left() {
    clearTimeout(this.waiting);
    this.#suggest([]);
    this.#take(this.input.value);
  }

  #suggest(people) {
    this.suggestions.replaceChildren(...people.map((person, index) => {
      const option = el("li", {
        role: "option", id: `${this.suggestions.id}-${index}`, "aria-selected": String(index === 0),
        on: { pointerdown: (event) => { event.preventDefault(); this.#add(person); } },
      }, el("b", { text: nameOf(person) }), person.name && el("span", { text: person.address }));
      option.person = person;
      return option;
    }));
    this.suggestions.hidden = !people.length;
    this.input.setAttribute("aria-expanded", String(people.length > 0));
    this.#point(this.suggestions.firstElementChild);
  }

  #choose(from, direction) {
    const next = from?.[direction];
    if (!next) return;
    from.setAttribute("aria-selected", "false");
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
    this.#point(next);
  }

  #point(option) {
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }
}

function read(text) {
  const match = /^\s*(?:"?([^"<]*?)"?\s*)<([^>]*)>\s*$/.exec(text);
  return match ? { name: match[1].trim(), address: match[2].trim() } : { name: "", address: text.trim() };
}
