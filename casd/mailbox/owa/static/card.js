// One message of a conversation: folded to a line, or unfolded with its text and attachments.

import { attachmentUrl, call, messageUrl } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";
import { meetingCard } from "./meeting.js";
import { complain } from "./overlay.js";
import { preview } from "./preview.js";
import { fileSize, fullTime, hue, initials, longTime, nameOf, sameAddress, shortTime } from "./words.js";

const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/** One message of a conversation. */
export class Card {
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
      el("a", { class: "file", href: attachmentUrl(file.id), download: file.name, title: file.name, on: { click: (event) => preview(event, file) } },
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
