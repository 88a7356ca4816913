// A message that is being written, saved as it grows.

import { call, editorUrl, upload } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { Editor } from "./editor.js";
import { t } from "./language.js";
import { ask, complain, remark, toast } from "./overlay.js";
import { RecipientField } from "./recipients.js";
import { fileSize } from "./words.js";

const SAVE_MS = 1500;

export class Composer {
  /** `actions`: done(verb) when it has closed, and me(). */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.isOpen = false;
  }

  /** Begin: `verb` is new, draft, reply, replyall or forward; `item` what it is about; `to` and `subject` for new. */
  async open(verb, item = null, { to = [], subject = "", text = "" } = {}) {
    if (!await this.close({ again: true })) return;
    const quoting = verb === "reply" || verb === "replyall" || verb === "forward";
    Object.assign(this, {
      isOpen: true, verb, id: verb === "draft" ? item.id : null, files: [], saved: "", work: Promise.resolve(),
      thread: quoting ? { source: item.id, verb: verb === "forward" ? "forward" : "reply" } : {},
      importance: verb === "draft" ? item.importance : 1,
    });
    if (verb === "draft" || verb === "forward") this.files = item.attachments;
    this.#build();
    const people = recipients(verb, item, to, this.actions.me());
    this.to.set(people.to);
    this.cc.set(people.cc);
    this.bcc.set(people.bcc);
    this.#showCopies(people.cc.length > 0, people.bcc.length > 0);
    this.subject.value = item ? prefixed(verb, item.subject) : subject;
    this.#showFiles();
    this.#showImportance();
    if (!people.to.length) this.to.input.focus();
    try {
      await this.editor.load(editorUrl(verb === "replyall" ? "reply" : verb, item?.id));
    } catch (error) {
      this.#end();
      throw error;
    }
    if (text) this.editor.begin(text);
    if (verb === "draft" && item.text !== undefined) this.editor.toPlain(item.text);
    this.saved = this.#snapshot();
    this.timer = setInterval(() => this.#tick(), SAVE_MS);
    if (!this.root.contains(document.activeElement)) this.editor.focus();
  }

  /** Whether closing the window now would lose something. */
  get unsaved() {
    return this.isOpen && this.editor.value !== null && this.#snapshot() !== this.saved;
  }

  /** Close; what has changed is kept in Drafts. `again`: another thing takes the pane. Returns whether it is closed. */
  async close({ again = false } = {}) {
    if (!this.isOpen) return true;
    this.#settle();
    if (this.unsaved) {
      try {
        await this.#save();
        toast(t("kept-in-drafts"));
      } catch (error) {
        complain(error);
        return false;
      }
    }
    this.#end({ again });
    return true;
  }

  #end({ again = false } = {}) {
    clearInterval(this.timer);
    this.isOpen = false;
    this.root.replaceChildren();
    this.root.classList.remove("writing");
    if (!again) this.actions.done(this.verb);
  }

  #build() {
    const changed = () => {};
    this.to = new RecipientField(t("to"), changed);
    this.cc = new RecipientField(t("cc"), changed);
    this.bcc = new RecipientField(t("bcc"), changed);
    this.subject = el("input", { type: "text", class: "subject", placeholder: t("subject"), "aria-label": t("subject"), maxlength: "998", autocomplete: "off" });
    this.copies = el("button", { type: "button", class: "copies", text: `${t("cc")} ${t("bcc")}`, "aria-label": t("show-copies"), on: { click: () => { this.#showCopies(true, true); this.cc.input.focus(); } } });
    this.to.element.append(this.copies);
    this.list = el("ul", { class: "files", "aria-label": t("attachments") });
    this.editor = new Editor({
      key: (event) => this.#key(event), attach: (files) => this.#attach(files), watch: (target, take) => this.#takeDrops(target, take),
    });
    this.status = el("span", { class: "status", role: "status" });
    this.picker = el("input", { type: "file", class: "picker", multiple: true, hidden: true, on: { change: () => { this.#attach(this.picker.files); this.picker.value = ""; } } });
    this.high = iconButton("important", t("high-importance"), () => { this.importance = this.importance > 1 ? 1 : 2; this.#showImportance(); });
    this.sendButton = el("button", { type: "button", class: "primary", title: `${t("send")} (Ctrl+Enter)`, on: { click: () => this.#send() } }, icon("send"), t("send"));
    const form = el("div", { class: "compose", role: "form", "aria-label": t("new-message"), on: { keydown: (event) => this.#key(event) } },
      el("div", { class: "tools", role: "toolbar", "aria-label": t("new-message") },
        iconButton("back", t("close-draft"), () => this.close()),
        this.sendButton,
        el("button", { type: "button", class: "tool", title: t("attach-files"), on: { click: () => this.picker.click() } }, icon("attach"), el("span", { text: t("attach") })),
        this.picker, this.high, el("span", { class: "space" }), this.status,
        iconButton("delete", t("discard"), () => this.#discard())),
      this.to.element, this.cc.element, this.bcc.element, this.subject, this.list,
      this.editor.bar, this.editor.element);
    this.form = form;
    this.#takeDrops(form, (files) => this.#attach(files));
    this.root.classList.add("writing");
    this.root.replaceChildren(form);
  }

  #showCopies(cc, bcc) {
    this.cc.element.hidden = !cc;
    this.bcc.element.hidden = !bcc;
    this.copies.hidden = cc && bcc;
  }

  #showImportance() {
    this.high.setAttribute("aria-pressed", String(this.importance > 1));
  }

  #showFiles() {
    this.list.hidden = !this.files.length;
    this.list.replaceChildren(...this.files.map((file) => el("li", {}, el("span", { class: file.id ? "file" : "file busy" },
      icon("attach"), el("span", { class: "name", text: file.name, title: file.name }), el("span", { class: "size", text: fileSize(file.size) }),
      file.id && iconButton("close", t("remove", { name: file.name }), () => this.#detach(file))))));
  }

  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      this.close();
    }
    event.stopPropagation();
  }

  /** Take files that are dropped. */
  #takeDrops(target, take) {
    const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
    target.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.form.classList.add("dropping");
      clearTimeout(this.dropping);
      this.dropping = setTimeout(() => this.form.classList.remove("dropping"), 300);
    });
    target.addEventListener("drop", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      take(event.dataTransfer.files);
    });
  }

  #attach(files) {
    for (const file of files) {
      const shown = { name: file.name, size: file.size };
      this.files.push(shown);
      this.#inTurn(async () => {
        try {
          if (!this.id) await this.#put();
          Object.assign(shown, (await upload(this.id, file)).attachment);
        } catch (error) {
          this.files.splice(this.files.indexOf(shown), 1);
          complain(error);
        }
        this.#showFiles();
      });
    }
    this.#showFiles();
  }

  #detach(file) {
    this.files.splice(this.files.indexOf(file), 1);
    this.#showFiles();
  }

  #settle() {
    const settled = [this.to, this.cc, this.bcc].map((field) => field.settle());
    return settled.every(Boolean);
  }

  /** What the server is told: everything, each time. */
  #values() {
    const body = this.editor.value;
    return {
      to: this.to.valid, cc: this.cc.valid, bcc: this.bcc.valid, subject: this.subject.value, ...body, ...this.thread,
      importance: this.importance, attachments: this.files.filter((file) => file.id).map((file) => file.id),
    };
  }

  #snapshot() {
    return JSON.stringify(this.#values());
  }

  /** Do one thing after the other: each rests on the ids that the one before has got. */
  #inTurn(step) {
    const done = this.work.then(step);
    this.work = done.catch(() => {});
    return done;
  }

  async #put() {
    const uploading = this.files.filter((file) => !file.id);
    const values = this.#values();
    const answer = await call("SaveItem", { ...values, id: this.id });
    this.id = answer.id;
    const removed = (file) => !this.files.some((mine) => mine.id === values.attachments[answer.attachments.indexOf(file)]);
    this.files = [...answer.attachments.filter((file) => !removed(file)), ...uploading];
    this.saved = JSON.stringify({ ...values, attachments: answer.attachments.map((file) => file.id) });
    this.#showFiles();
  }

  #save() {
    return this.#inTurn(() => this.#put());
  }

  #tick() {
    if (this.#snapshot() === this.saved || this.saving || this.sendButton.disabled) return;
    this.saving = true;
    this.status.textContent = t("saving");
    this.#save()
      .then(() => { this.status.textContent = t("saved"); }, (error) => { this.status.textContent = t("not-saved", { reason: error.message }); })
      .finally(() => { this.saving = false; });
  }

  async #send() {
    if (this.sendButton.disabled || this.editor.value === null) return;
    if (!this.#settle()) return remark(t("bad-recipient"));
    if (!this.to.valid.length && !this.cc.valid.length && !this.bcc.valid.length) {
      this.to.input.focus();
      return remark(t("no-recipients"));
    }
    if (!this.subject.value.trim() && !await ask({ title: t("send-without-subject"), action: t("send") })) return this.subject.focus();
    this.sendButton.disabled = true;
    this.status.textContent = t("sending");
    try {
      const { failed } = await this.#inTurn(() => call("SendItem", { ...this.#values(), id: this.id }));
      this.#end();
      if (failed.length) toast(t("not-delivered", { names: failed.map(({ address, reason }) => `${address} (${reason})`).join(", ") }), null, { error: true });
      else toast(t("sent"));
    } catch (error) {
      this.sendButton.disabled = false;
      this.status.textContent = "";
      complain(error);
    }
  }

  async #discard() {
    const begun = this.id || this.#snapshot() !== this.saved;
    if (begun && !await ask({ title: t("discard-question"), text: t("no-way-back"), action: t("discard"), danger: true })) return;
    clearInterval(this.timer);
    await this.#inTurn(() => this.id && call("DiscardItem", { id: this.id })).catch(complain);
    this.#end();
  }
}

function recipients(verb, item, to, me) {
  if (verb === "draft") return { to: item.to, cc: item.cc, bcc: item.bcc };
  if (verb === "new" || verb === "forward") return { to, cc: [], bcc: [] };
  const others = (people) => people.filter((person) => person.address.toLowerCase() !== me.address.toLowerCase());
  const mine = item.from.some((person) => person.address.toLowerCase() === me.address.toLowerCase());
  const back = mine ? item.to : item.replyTo.length ? item.replyTo : item.from;
  if (verb === "reply") return { to: back, cc: [], bcc: [] };
  const known = new Set(back.map((person) => person.address.toLowerCase()));
  const rest = (people) => others(people).filter((person) => !known.has(person.address.toLowerCase()));
  return { to: [...back, ...(mine ? [] : rest(item.to))], cc: rest(item.cc), bcc: [] };
}

function prefixed(verb, subject) {
  if (verb === "draft") return subject;
  const prefix = verb === "forward" ? "Fw: " : "Re: ";
  return subject.toLowerCase().startsWith(prefix.toLowerCase()) ? subject : prefix + subject;
}
