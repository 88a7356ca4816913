// The reading pane: one conversation, with what can be done to it.

import { Card } from "./card.js";
import { members, together, unfolded } from "./conversation.js";
import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";
import { complain } from "./overlay.js";

export class ReadingPane {
  /** `actions`: act(name, items, anchor), close(), key(event), mailto(url), colour(category), alone() and me(). */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.items = [];
    this.clear();
  }

  /** Show that nothing is open. */
  clear() {
    this.items = [];
    this.missing = false;
    this.root.replaceChildren(el("div", { class: "nothing" }, icon("inbox"), el("p", { text: t("choose-message") })));
  }

  /** Read a conversation; returns its messages, or null if another one was asked for meanwhile. */
  async open(id) {
    this.wanted = id;
    this.missing = false;
    if (this.items.length && this.shows(id)) return this.items;
    let items;
    try {
      items = await members(id, this.actions.alone());
    } catch (error) {
      if (this.wanted === id) this.#fail(error);
      return null;
    }
    if (this.wanted !== id) return null;
    if (items.length === 1 && items[0].draft) return items;
    this.#show(items, id);
    return items;
  }

  /** Whether a message is unfolded here. */
  shows(id) {
    return Boolean(this.cards?.get(id)?.open && this.items.length);
  }

  /** The newest message of this folder, which is what one answers: not one's own last answer. */
  get latest() {
    const { item } = this;
    return this.items.findLast((each) => !each.draft && each.folder === item?.folder) ?? this.items.findLast((each) => !each.draft) ?? null;
  }

  /** Whether all that is shown here is being taken away. */
  loses(ids) {
    return this.items.length > 0 && ids.includes(this.item.id);
  }

  /** Have no message any more, as another thing takes the pane. */
  leave() {
    this.wanted = null;
    this.items = [];
    this.cards = null;
  }

  /** Show the state of messages that are here. */
  patch(ids, values) {
    const here = this.items.filter((item) => ids.includes(item.id));
    if (!here.length) return;
    const { read, flagged, categories } = { ...here[0], ...values };
    for (const item of here) {
      Object.assign(item, { read: "read" in values ? read : item.read, flagged: "flagged" in values ? flagged : item.flagged, categories: "categories" in values ? categories : item.categories });
      this.cards.get(item.id)?.mark();
    }
    this.#tell();
  }

  /** Fetch what has come to the conversation; returns what is new. */
  async refresh(options) {
    if (!this.items.length) return [];
    const { stack } = this;
    const items = await members(this.item.id, this.actions.alone(), options).catch((error) => (error.status === 404 ? [] : null));
    if (!items || this.stack !== stack || !this.items.length) return [];  // another conversation has taken the pane
    const known = new Set(this.items.map((item) => item.id));
    const added = items.filter((item) => !known.has(item.id));
    const left = new Set(items.map((item) => item.id));
    for (const item of this.items) if (!left.has(item.id)) this.cards.get(item.id)?.element.remove();
    for (const item of items) this.cards.get(item.id)?.renew(item);
    if (!items.length) { this.clear(); return []; }
    this.items = items.map((item) => this.cards.get(item.id)?.item ?? item);
    this.item = this.items.find((item) => item.id === this.item.id) ?? this.items.at(-1);
    for (const item of added) this.stack.append(this.#card(item, !item.draft));
    this.#tell();
    return added;
  }

  #fail(error) {
    if (error.status !== 0) {
      this.clear();
      return complain(error);
    }
    this.items = [];
    this.missing = true;
    return this.root.replaceChildren(
      el("div", { class: "tools" }, iconButton("back", t("back"), () => this.actions.close(), { class: "icon back" })),
      el("div", { class: "nothing", role: "status" }, icon("unread"), el("p", { text: t("comes-later") })));
  }

  #show(items, id) {
    this.items = items;
    this.item = items.find((item) => item.id === id) ?? items.at(-1);
    this.cards = new Map();
    this.tools = this.#tools();
    this.tags = el("span", { class: "tags" });
    const open = unfolded(items, id);
    this.stack = el("div", { class: "stack" }, ...items.map((item) => this.#card(item, open.has(item.id))));
    const article = el("article", { tabindex: "-1", "aria-labelledby": "subject" },
      el("header", { class: "subject-line" }, el("h2", { id: "subject", text: items[0].subject || t("no-subject") }), this.tags), this.stack);
    this.root.replaceChildren(this.tools, article);
    this.#tell();
    if (items.length > 1) this.cards.get([...open].at(0))?.element.scrollIntoView({ block: "nearest" });
  }

  /** Say again what is said of the whole. */
  #tell() {
    const tools = this.#tools();
    const focused = this.tools.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    this.tools.replaceWith(tools);
    this.tools = tools;
    if (focused) tools.querySelector(`[data-act="${focused}"]`)?.focus();
    const { categories } = together(this.items, this.item);
    this.tags.replaceChildren(...categories.map((name) => el("span", { class: `tag colour-${this.actions.colour(name)}`, text: name })));
  }

  #tools() {
    const whole = together(this.items, this.item);
    const tool = (name, label, shown = "", shape = name) => el("button", {
      type: "button", class: shown ? "tool" : "icon", "aria-label": label, title: label, dataset: { act: name },
      on: { click: (event) => this.actions.act(name, [name.startsWith("rep") || name === "forward" ? this.latest ?? whole : whole], event.currentTarget) },
    }, icon(shape), shown && el("span", { text: shown }));
    return el("div", { class: "tools", role: "toolbar", "aria-label": t("message") },
      iconButton("back", t("back"), () => this.actions.close(), { class: "icon back" }),
      tool("reply", `${t("reply")} (r)`, t("reply")), tool("replyall", `${t("reply-all")} (a)`, t("reply-all")), tool("forward", `${t("forward")} (f)`, t("forward")),
      el("span", { class: "space" }),
      tool("archive", `${t("archive")} (e)`),
      whole.read ? tool("unread", `${t("mark-unread")} (u)`) : tool("read", `${t("mark-read")} (u)`),
      el("span", { class: whole.flagged ? "is-flagged" : "" }, tool("flag", `${whole.flagged ? t("unflag") : t("flag")} (s)`)),
      tool("categorise", `${t("categorise")} (c)`, "", "tag"), tool("move", `${t("move")} (v)`), tool("delete", `${t("delete")} (Del)`), tool("more", t("more")));
  }

  #card(item, open) {
    const card = new Card(item, this.actions, this.items.length === 1);
    this.cards.set(item.id, card);
    if (open) card.unfold();
    return card.element;
  }
}
