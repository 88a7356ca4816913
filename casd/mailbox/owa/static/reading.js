// The reading pane: one message with what can be done to it.

import { attachmentUrl, call, messageUrl } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { complain } from "./overlay.js";
import { preview } from "./preview.js";
import { fileSize, fullTime, hue, initials, nameOf } from "./words.js";

export class ReadingPane {
  /** `actions`: act(name, items), close(), key(event) and mailto(url). */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.item = null;
    this.clear();
  }

  /** Show that nothing is open. */
  clear() {
    this.item = null;
    this.root.replaceChildren(el("div", { class: "nothing" }, icon("inbox"), el("p", { text: "Choose a message to read it." })));
  }

  /** Read a message; returns it, or null if another one was asked for meanwhile. */
  async open(id) {
    this.wanted = id;
    if (this.item?.id === id) return this.item;
    let item;
    try {
      item = await call("GetItem", { id });
    } catch (error) {
      if (this.wanted === id) { this.clear(); complain(error); }
      return null;
    }
    if (this.wanted !== id) return null;
    if (!item.draft) this.#show(item);
    return item;
  }

  /** Have no message any more, as another thing takes the pane. */
  leave() {
    this.wanted = null;
    this.item = null;
  }

  /** Show the state of the message that is open. */
  patch(values) {
    if (!this.item) return;
    Object.assign(this.item, values);
    this.tools.replaceWith(this.tools = this.#tools());
  }

  #show(item) {
    this.item = item;
    this.tools = this.#tools();
    this.frame = el("iframe", {
      title: `Text of ${item.subject || "the message"}`, sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
      src: messageUrl(item.id, false), on: { load: () => this.#loaded() },
    });
    this.notice = el("div", { class: "notice", role: "status", hidden: true });
    const article = el("article", { tabindex: "-1", "aria-labelledby": "subject" },
      el("h2", { id: "subject", text: item.subject || "(no subject)" }), this.#sender(), this.#files(), this.notice, this.frame);
    this.root.replaceChildren(this.tools, article);
  }

  #tools() {
    const { item } = this;
    const tool = (name, label, shown = "") => el("button", {
      type: "button", class: shown ? "tool" : "icon", "aria-label": shown ? null : label, title: label,
      on: { click: (event) => this.actions.act(name, [item], event.currentTarget) },
    }, icon(name), shown && el("span", { text: shown }));
    return el("div", { class: "tools", role: "toolbar", "aria-label": "Message" },
      iconButton("back", "Back to the list", () => this.actions.close(), { class: "icon back" }),
      tool("reply", "Reply (r)", "Reply"), tool("replyall", "Reply to all (a)", "Reply all"), tool("forward", "Forward (f)", "Forward"),
      el("span", { class: "space" }),
      tool(item.read ? "unread" : "read", item.read ? "Mark as unread (u)" : "Mark as read (u)"),
      el("span", { class: item.flagged ? "is-flagged" : "" }, tool("flag", item.flagged ? "Remove the flag (s)" : "Flag (s)")),
      tool("move", "Move (v)"), tool("delete", "Delete (Del)"), tool("more", "More"));
  }

  #sender() {
    const { item } = this;
    const from = item.from[0] ?? item.sender[0] ?? { name: "", address: "" };
    const lines = [["To", item.to], ["Cc", item.cc], ["Bcc", item.bcc]].filter(([, people]) => people.length);
    return el("header", { class: "sender" },
      el("span", { class: "avatar", style: { "--hue": hue(from) }, text: initials(from), "aria-hidden": "true" }),
      el("div", { class: "names" },
        el("span", { class: "from" }, el("b", { text: nameOf(from) }), from.name && el("span", { class: "address", text: ` <${from.address}>` })),
        ...lines.map(([label, people]) => el("span", { class: "to" }, el("span", { class: "label", text: `${label}: ` }), ...named(people)))),
      el("time", { datetime: item.sent ?? item.received, text: fullTime(item.sent ?? item.received) }));
  }

  #files() {
    const { attachments } = this.item;
    if (!attachments.length) return null;
    return el("ul", { class: "files", "aria-label": "Attachments" }, ...attachments.map((file) => el("li", {},
      el("a", { class: "file", href: attachmentUrl(file.id), download: file.name, title: file.name, on: { click: (event) => preview(event, file) } },
        icon("attach"), el("span", { class: "name", text: file.name }), el("span", { class: "size", text: fileSize(file.size) })))));
  }

  #loaded() {
    const page = this.frame.contentDocument;
    const remote = Number(page?.documentElement.dataset.remoteImages ?? NaN);
    if (Number.isNaN(remote)) {  // an answer that is no message: the session has ended, or the server is away
      this.#notice("The text of this message could not be loaded.", "Try again", () => { this.frame.src = messageUrl(this.item.id, false); });
      this.frame.hidden = true;
      return;
    }
    this.frame.hidden = false;
    if (remote && !this.frame.src.endsWith("images=1")) {
      this.#notice("Images from other servers are not shown: loading them tells the sender that you have read this.", "Show images", () => {
        this.notice.hidden = true;
        this.frame.src = messageUrl(this.item.id, true);
      });
    }
    page.addEventListener("keydown", (event) => this.actions.key(event));
    page.addEventListener("click", (event) => this.#follow(event));
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

function named(people) {
  return people.flatMap((person, index) => [index ? ", " : "", el("span", { title: person.address, text: nameOf(person) })]);
}
