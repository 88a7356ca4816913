// The reading pane: one conversation, its messages folded or unfolded, with what can be done to them.

import { attachmentUrl, call, messageUrl } from "./api.js";
import { members, together, unfolded } from "./conversation.js";
import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";
import { meetingCard } from "./meeting.js";
import { complain } from "./overlay.js";
import { fileSize, fullTime, hue, initials, longTime, nameOf, sameAddress, shortTime } from "./words.js";

const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

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
    const { wanted } = this;
    const items = await members(this.item.id, this.actions.alone(), options).catch((error) => (error.status === 404 ? [] : null));
    if (!items || this.wanted !== wanted || !this.items.length) return [];
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

/** One message of a conversation. */
class Card {
  constructor(item, actions, alone) {
    Object.assign(this, { item, actions, alone, open: false, detail: null });
    this.element = el("section", { class: "card" });
    this.#fold();
  }

  /** Take over what the server says of the message now. */
  renew(item) {
    Object.assign(this.item, item);
    this.mark();
  }

  mark() {
    this.element.classList.toggle("unread", !this.item.read);
  }

  #fold() {
    const { item } = this;
    this.open = false;
    const from = item.sender[0] ?? { name: "", address: "" };
    const click = () => (item.draft ? this.actions.act("draft", [item]) : this.unfold());
    this.element.replaceChildren(el("button", { type: "button", class: "folded", "aria-expanded": "false", on: { click } },
      el("span", { class: "avatar", style: { "--hue": hue(from) }, text: initials(from), "aria-hidden": "true" }),
      el("b", { class: item.draft ? "is-draft" : "", text: item.draft ? t("draft") : nameOf(from) }), el("span", { class: "preview", text: item.preview }),
      item.hasAttachments && icon("attach"), el("time", { datetime: item.received, text: shortTime(item.received) })));
    this.mark();
  }

  /** Show the whole message. */
  async unfold() {
    this.open = true;
    try {
      this.detail ??= await call("GetItem", { id: this.item.id }, { lasting: true });
    } catch (error) {
      this.#fold();
      return complain(error);
    }
    this.frame = el("iframe", {
      title: t("text-of", { subject: this.item.subject || t("no-subject") }), sandbox: SANDBOX,
      src: messageUrl(this.item.id, false), on: { load: () => this.#loaded() },
    });
    this.notice = el("div", { class: "notice", role: "status", hidden: true });
    this.element.replaceChildren(this.#sender(), meetingCard(this.detail) ?? "", this.#files() ?? "", this.notice, this.frame);
    return this.mark();
  }

  #sender() {
    const { detail } = this;
    const from = detail.from[0] ?? detail.sender[0] ?? { name: "", address: "" };
    const lines = [["to", detail.to], ["cc", detail.cc], ["bcc", detail.bcc]].filter(([, people]) => people.length);
    const tool = (name, label, shape = name) => iconButton(shape, label, (event) => this.actions.act(name, [detail], event.currentTarget));
    return el("header", { class: "sender" },
      el("span", { class: "avatar", style: { "--hue": hue(from) }, text: initials(from), "aria-hidden": "true" }),
      el("div", { class: "names" },
        el("span", { class: "from" }, el("b", { text: nameOf(from) }), from.name && el("span", { class: "address", text: ` <${from.address}>` })),
        ...lines.map(([label, people]) => el("span", { class: "to" }, el("span", { class: "label", text: `${t(label)}: ` }), ...this.#named(people)))),
      el("div", { class: "when" },
        el("time", { datetime: detail.sent ?? detail.received, title: fullTime(detail.sent ?? detail.received), text: longTime(detail.sent ?? detail.received) }),
        !this.alone && el("span", { class: "card-tools" }, tool("reply", t("reply-to-this")), tool("forward", t("forward-this")), tool("delete", t("delete-this")),
          iconButton("down", t("fold"), () => this.#fold(), { class: "icon folding" }))));
  }

  #named(people) {
    const me = this.actions.me();
    return people.flatMap((person, index) => [index ? ", " : "", el("span", { title: person.address, text: sameAddress(person, me) ? t("you") : nameOf(person) })]);
  }

  #files() {
    const { attachments } = this.detail;
    if (!attachments.length) return null;
    return el("ul", { class: "files", "aria-label": t("attachments") }, ...attachments.map((file) => el("li", {},
      el("a", { class: "file", href: attachmentUrl(file.id), download: file.name, title: file.name },
        icon("attach"), el("span", { class: "name", text: file.name }), el("span", { class: "size", text: fileSize(file.size) })))));
  }

  #loaded() {
    const page = this.frame.contentDocument;
    const remote = Number(page?.documentElement.dataset.remoteImages ?? NaN);
    if (Number.isNaN(remote)) {  // an answer that is no message: the session has ended, or the server is away
      this.#notice(t("text-missing"), t("try-again"), () => { this.frame.src = messageUrl(this.item.id, false); });
      this.frame.hidden = true;
      return;
    }
    this.frame.hidden = false;
    page.documentElement.dataset.theme = document.documentElement.dataset.theme;
    if (remote && !this.frame.src.endsWith("images=1")) {
      this.#notice(t("images-off"), t("show-images"), () => {
        this.notice.hidden = true;
        this.frame.src = messageUrl(this.item.id, true);
      });
    }
    page.addEventListener("keydown", (event) => this.actions.key(event));
    page.addEventListener("click", (event) => this.#follow(event));
    this.#fit(page);
  }

  #fit(page) {
    const fit = () => {
      const bar = page.documentElement.scrollWidth > page.documentElement.clientWidth ? 18 : 0;
      this.frame.style.height = `${Math.ceil(page.body.getBoundingClientRect().height) + bar}px`;
    };
    fit();
    new ResizeObserver(fit).observe(page.body);
  }

  #follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || link.protocol !== "mailto:") return;
    event.preventDefault();
    this.actions.mailto(link.href);
  }

  #notice(text, label, run) {
    this.notice.replaceChildren(icon("image"), el("span", { text }), el("button", { type: "button", text: label, on: { click: run } }));
    this.notice.hidden = false;
  }
}
