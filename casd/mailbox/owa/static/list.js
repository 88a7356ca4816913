// The list of messages or conversations: only what is in sight exists, pages are fetched as they come into sight.
// A row is a message, for a conversation its newest; `ids` are all that it stands for.

import { call } from "./api.js";
import { $, el } from "./dom.js";
import { t } from "./language.js";
import { complain } from "./overlay.js";
import { messageRow } from "./row.js";

const PAGE = 50;
const SPARE = 6;  // rows made beyond both edges

export class MessageList {
  /** `actions`: open(item), act(name, items, anchor), chose(items), folderName(id) and colour(category). */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.scroll = $(".scroll", root);
    this.grid = $(".rows", root);
    this.source = null;
    this.chosen = new Map();  // id -> item
    this.openId = "";
    this.changes = [];  // what was changed here; what was asked for before a change was done knows nothing of it
    this.#forget();
    this.scroll.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.scroll);
    this.grid.addEventListener("keydown", (event) => this.#key(event));
    this.grid.addEventListener("click", (event) => this.#click(event));
    this.grid.addEventListener("contextmenu", (event) => this.#menu(event));
    this.grid.addEventListener("dragstart", (event) => this.#drag(event));
  }

  /**
   * Show other messages: `{ folder, query, unread, flagged, category }`, or `conversations`; `outgoing` names
   * recipients instead of senders.
   */
  async show(source) {
    this.source = source;
    this.#forget();
    this.chosen.clear();
    this.scroll.scrollTop = 0;
    this.#chose();
    this.grid.replaceChildren();
    this.root.setAttribute("aria-busy", "true");
    await this.#fetch(0);
    this.root.removeAttribute("aria-busy");
  }

  /** Fetch again what is in sight; what is not will be when it comes into sight. */
  async refresh(options) {
    if (!this.source) return;
    const [first, last] = this.#sight();
    this.generation += 1;
    this.pages.clear();
    const pages = new Set([Math.floor(first / PAGE), Math.floor(Math.max(first, last - 1) / PAGE)]);
    await Promise.all([...pages].map((page) => this.#fetch(page, options)));
  }

  /** Mark the message that is being read. */
  opened(id) {
    this.openId = id;
    const index = this.#indexOf(id);
    if (index >= 0) this.active = index;
    this.#draw();
  }

  /** Change what is shown of messages before the server has said so. */
  patch(ids, values) {
    for (const item of this.items) if (item && within(item, ids)) Object.assign(item, shown(values));
    this.#draw();
  }

  /** Change messages before the server has said so; the change is to be told when it is `done`. */
  change(ids, values) {
    const change = { ids, values, done: false };
    this.changes.push(change);
    this.patch(ids, values);
    return change;
  }

  /** Take messages away before the server has said so; returns the one that comes to be in their place. */
  remove(ids) {
    const first = this.items.findIndex((item) => item && within(item, ids));
    const left = Array.from(this.items).filter((item) => !item || !within(item, ids));
    this.total = Math.max(0, this.total - (this.items.length - left.length));
    this.items = left;
    this.generation += 1;  // what is on its way would bring them back
    this.pages.clear();
    ids.forEach((id) => this.chosen.delete(id));
    this.#chose();
    this.#draw();
    return first < 0 ? null : this.items[first] ?? this.items[first - 1] ?? null;
  }

  /** Return the messages that an action is for: those ticked, or the one that is open. */
  targets() {
    if (this.chosen.size) return [...this.chosen.values()];
    const open = this.items[this.#indexOf(this.openId)];
    return open ? [open] : [];
  }

  clear() {
    this.chosen.clear();
    this.#chose();
    this.#draw();
  }

  /** Go to the next or previous message; opens it. */
  step(by) {
    const from = this.#indexOf(this.openId);
    this.#activate(from < 0 ? this.active : from + by, { open: true });
  }

  focus() {
    this.#activate(this.active);
  }

  #forget() {
    this.generation = (this.generation ?? 0) + 1;
    this.items = [];
    this.pages = new Set();
    this.total = null;
    this.active = 0;
    this.anchor = 0;
  }

  #indexOf(id) {
    return id ? this.items.findIndex((item) => item?.ids.includes(id)) : -1;
  }

  async #fetch(page, options) {
    if (this.pages.has(page)) return;
    const { generation } = this;
    const known = this.changes.filter((change) => change.done);
    this.pages.add(page);
    const { outgoing, conversations, ...source } = this.source;
    let found;
    try {
      found = await call(conversations ? "FindConversation" : "FindItem", { ...source, offset: page * PAGE, limit: PAGE }, options);
    } catch (error) {
      if (generation === this.generation) this.pages.delete(page);
      if (!options?.background && error.status !== 0) complain(error);
      return;
    }
    if (generation !== this.generation) return;
    this.changes = this.changes.filter((change) => !known.includes(change));
    for (const { ids, values } of this.changes) {
      for (const item of found.items) if (within(item, ids)) Object.assign(item, shown(values));
    }
    this.total = found.total;
    this.items.length = Math.min(this.items.length, found.total);
    found.items.forEach((item, index) => { this.items[found.offset + index] = item; });
    this.#draw();
  }

  #rowHeight() {
    this.height ??= parseFloat(getComputedStyle(this.root).getPropertyValue("--row"));
    return this.height;
  }

  #sight() {
    const height = this.#rowHeight();
    const first = Math.floor(this.scroll.scrollTop / height);
    return [first, Math.min(first + Math.ceil(this.scroll.clientHeight / height) + 1, this.total ?? 0)];
  }

  #draw() {
    if (this.total === null) return;
    const [first, last] = this.#sight();
    const from = Math.max(0, first - SPARE);
    const to = Math.min(this.total, last + SPARE);
    this.active = Math.min(this.active, Math.max(0, this.total - 1));
    this.grid.style.height = `${this.total * this.#rowHeight()}px`;
    this.grid.setAttribute("aria-rowcount", this.total);
    this.#empty();
    const old = new Map([...this.grid.children].map((row) => [Number(row.dataset.index), row]));
    for (let index = from; index < to; index += 1) {
      const stamp = this.#stamp(index);
      const row = old.get(index);
      old.delete(index);
      if (row?.dataset.stamp !== stamp) this.#replace(row, this.#row(index, stamp));
    }
    for (const row of old.values()) row.remove();
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) this.#fetch(page);
  }

  #replace(old, row) {
    const focused = old?.contains(document.activeElement);
    if (old) old.replaceWith(row);
    else this.grid.append(row);
    if (focused) row.focus({ preventScroll: true });
  }

  #empty() {
    const empty = $(".empty", this.root);
    const { query, unread, flagged, category } = this.source;
    empty.hidden = this.total > 0;
    empty.textContent = query ? t("nothing-found") : unread ? t("nothing-unread") : flagged ? t("nothing-flagged") : category ? t("nothing-category") : t("empty");
    const counted = query ? "results" : this.source.conversations ? "conversations" : "messages";
    $("#list-count", this.root).textContent = this.total ? t(counted, { count: this.total }) : "";
  }

  /** Say everything that a row shows, to know whether it must be made anew. */
  #stamp(index) {
    const item = this.items[index];
    const { id, ids, count, read, flagged, verb, subject, preview, received, categories } = item ?? {};
    const open = ids?.includes(this.openId);
    const { query } = this.source;
    return JSON.stringify([id, count, read, flagged, verb, subject, preview, received, categories, open, query, this.chosen.has(id), index === this.active]);
  }

  #row(index, stamp) {
    const item = this.items[index];
    const attributes = { role: "row", "aria-rowindex": index + 1, dataset: { index, stamp }, tabindex: index === this.active ? "0" : "-1" };
    const row = item ? messageRow(item, attributes, this.#look(item)) : el("div", { ...attributes, class: "row blank" }, el("span", { role: "gridcell", text: "…" }));
    row.style.transform = `translateY(${index * this.#rowHeight()}px)`;
    return row;
  }

  /** Say how a row is to look. */
  #look(item) {
    const { folderName, colour } = this.actions;
    const { outgoing, query } = this.source;
    return { outgoing, query, folderName, colour, chosen: this.chosen.has(item.id), open: item.ids.includes(this.openId) };
  }

  #click(event) {
    const row = event.target.closest(".row");
    const item = row && this.items[Number(row.dataset.index)];
    if (!item) return;
    const action = event.target.closest("[data-action]")?.dataset.action;
    const index = Number(row.dataset.index);
    if (action) this.actions.act(action, [item]);
    else if (event.target.closest(".pick") || event.ctrlKey || event.metaKey) this.#toggle(index);
    else if (event.shiftKey) this.#extend(index);
    else this.#activate(index, { open: true });
  }

  #menu(event) {
    const row = event.target.closest(".row");
    const item = row && this.items[Number(row.dataset.index)];
    if (!item) return;
    event.preventDefault();
    const { clientX: left, clientY: top } = event;
    const items = this.chosen.has(item.id) ? [...this.chosen.values()] : [item];
    this.actions.act("menu", items, { getBoundingClientRect: () => new DOMRect(left, top, 0, 0), focus: () => row.focus() });
  }

  #toggle(index) {
    const item = this.items[index];
    if (!item) return;
    if (!this.chosen.delete(item.id)) this.chosen.set(item.id, item);
    this.active = this.anchor = index;
    this.#chose();
    this.#draw();
    this.#rowAt(index)?.focus({ preventScroll: true });
  }

  #extend(index) {
    const [from, to] = [Math.min(this.anchor, index), Math.max(this.anchor, index)];
    for (const item of this.items.slice(from, to + 1)) if (item) this.chosen.set(item.id, item);
    this.#chose();
    this.#activate(index);
  }

  #chose() {
    this.root.classList.toggle("choosing", this.chosen.size > 0);
    this.actions.chose?.([...this.chosen.values()]);
  }

  #rowAt(index) {
    return this.grid.querySelector(`[data-index="${index}"]`);
  }

  #activate(index, { open = false } = {}) {
    if (!this.total) return this.root.focus();
    const height = this.#rowHeight();
    this.active = Math.max(0, Math.min(index, this.total - 1));
    const top = this.active * height;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + height > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = top + height - this.scroll.clientHeight;
    this.#draw();
    this.#rowAt(this.active)?.focus({ preventScroll: true });
    const item = this.items[this.active];
    if (!open || !item) return;
    this.anchor = this.active;
    this.actions.open(item);
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / this.#rowHeight()) - 1);
    const to = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (to !== undefined && !event.altKey) {
      event.preventDefault();
      const index = Math.max(0, Math.min(this.active + to, (this.total ?? 1) - 1));
      if (event.shiftKey) this.#extend(index);
      else this.#activate(index);
    } else if (event.key === "Enter") {
      this.#activate(this.active, { open: true });
    } else if (event.key === " " || event.key === "x") {
      event.preventDefault();
      this.#toggle(this.active);
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.anchor = 0;
      this.#extend(this.items.length - 1);
    } else {
      return;
    }
    event.stopPropagation();
  }

  #drag(event) {
    const item = this.items[Number(event.target.closest(".row")?.dataset.index)];
    if (!item) return event.preventDefault();
    if (!this.chosen.has(item.id)) this.clear();
    this.dragged = this.chosen.size ? [...this.chosen.values()] : [item];
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("application/x-owa-items", String(this.dragged.length));
    event.dataTransfer.setData("text/plain", this.dragged.map((each) => each.subject).join("\n"));
  }
}

/** Whether all that a row stands for is among these. */
function within(item, ids) {
  return item.ids.every((id) => ids.includes(id));
}

/** What of a change a row shows. */
function shown({ read, flagged, categories }) {
  return Object.fromEntries(Object.entries({ read, flagged, categories }).filter(([, value]) => value !== undefined));
}
