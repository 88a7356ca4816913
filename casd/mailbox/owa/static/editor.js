// The text of a message that is being written, rich or plain.

import { editorUrl } from "./api.js";
import { el, iconButton } from "./dom.js";
import { t } from "./language.js";
import { ask } from "./overlay.js";
import { fullTime } from "./words.js";

const MAX_PASTED = 5 * 1024 * 1024;  // bytes of an image in the text; a larger one is attached
const IMAGES = "image/png,image/gif,image/jpeg,image/webp";
const FORMATS = [
  ["bold", "bold"], ["italic", "italic"], ["underline", "underline"], ["bullets", "insertUnorderedList"],
  ["numbers", "insertOrderedList"], ["quote", "formatBlock"], ["link", "createLink"],
];

export class Editor {
  /** `actions`: key(event), attach(files) what is no small image, and watch(target, take) for files dropped there. */
  constructor(actions) {
    this.actions = actions;
    this.page = null;
    this.plain = null;
    this.element = el("div", { class: "text" });
    this.picker = el("input", { type: "file", multiple: true, accept: IMAGES, hidden: true, on: { change: () => { this.#take(this.picker.files); this.picker.value = ""; } } });
    this.plainButton = el("button", { type: "button", class: "tool", text: t("plain-text"), "aria-pressed": "false", on: { click: () => (this.plain ? this.#toRich() : this.toPlain(this.page.body.innerText)) } });
    this.formats = el("span", { class: "formats", role: "group", "aria-label": t("format") }, this.picker,
      iconButton("image", t("insert-image"), () => this.picker.click()),
      ...FORMATS.map(([name, command]) => iconButton(name, t(`format-${name}`), null, {
        on: { mousedown: (event) => event.preventDefault(), click: () => this.#format(command) },
      })));
    this.bar = el("div", { class: "format-bar", role: "toolbar", "aria-label": t("text") }, this.formats, el("span", { class: "space" }), this.plainButton);
  }

  /** Fetch the text to begin with. */
  load(url) {
    this.frame = el("iframe", { title: t("text-of-message"), sandbox: "allow-same-origin", src: url });
    this.element.replaceChildren(this.frame);
    return new Promise((resolve, reject) => {
      this.frame.addEventListener("load", () => {
        const page = this.frame.contentDocument;
        if (!page?.documentElement.classList.contains("editor")) return reject(new Error(t("text-missing")));
        this.#prepare(page);
        this.page = page;
        return resolve();
      }, { once: true });
    });
  }

  /** What is written, as the server is told; null while there is no text yet. */
  get value() {
    if (this.plain) return { html: null, text: this.plain.value };
    return this.page && { html: this.page.body.innerHTML };
  }

  /** Begin with a text. */
  begin(text) {
    this.page.body.firstElementChild.textContent = text;
  }

  focus() {
    if (this.plain) return this.plain.focus();
    this.frame.focus();
    this.page.body.focus();
    return this.page.getSelection().collapse(this.page.body.firstElementChild ?? this.page.body, 0);
  }

  /** Go on in plain text. */
  toPlain(text) {
    this.plain = el("textarea", { "aria-label": t("text-of-message") });
    this.plain.value = text;
    this.#showMode();
    this.element.replaceChildren(this.plain);
    this.plain.focus();
    this.plain.setSelectionRange(0, 0);
  }

  async #toRich() {
    const lines = this.plain.value.split("\n");
    await this.load(editorUrl("new"));
    this.page.body.replaceChildren(...lines.map((line) => {
      const block = this.page.createElement("div");
      block.append(line || this.page.createElement("br"));
      return block;
    }));
    this.plain = null;
    this.#showMode();
    this.focus();
  }

  #showMode() {
    this.formats.hidden = this.plain !== null;
    this.plainButton.setAttribute("aria-pressed", String(this.plain !== null));
  }

  #prepare(page) {
    page.documentElement.dataset.theme = document.documentElement.dataset.theme;
    translate(page);
    Object.assign(page.body, { contentEditable: "true", spellcheck: true });
    for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": t("text-of-message") })) page.body.setAttribute(name, value);
    page.addEventListener("keydown", (event) => this.actions.key(event));
    page.addEventListener("paste", (event) => this.#paste(event));
    this.actions.watch(page, (files) => this.#take(files));
  }

  #format(command) {
    this.page.body.focus();
    if (command === "createLink") return this.#link();
    const quoted = command === "formatBlock" && this.page.queryCommandValue("formatBlock") === "blockquote";
    this.page.execCommand(quoted ? "outdent" : command, false, command === "formatBlock" ? "blockquote" : null);
    return undefined;
  }

  async #link() {
    const url = await ask({ title: t("link"), label: t("address"), value: "https://", action: t("insert") });
    if (!url || !/^(https?:\/\/|mailto:)/i.test(url)) return;
    this.page.body.focus();
    if (!this.page.getSelection().isCollapsed) return void this.page.execCommand("createLink", false, url);
    const link = this.page.createElement("a");
    link.href = link.textContent = url;
    this.page.getSelection().getRangeAt(0).insertNode(link);
  }

  #paste(event) {
    const images = [...event.clipboardData.files].filter(isImage);
    if (!images.length) return;
    event.preventDefault();
    this.#take(images);
  }

  /** Put small images into the text, have all else attached. */
  #take(files) {
    const fits = (file) => !this.plain && isImage(file) && file.size <= MAX_PASTED;
    for (const image of [...files].filter(fits)) {
      const reader = new FileReader();
      reader.onload = () => { this.page.body.focus(); this.page.execCommand("insertImage", false, reader.result); };
      reader.readAsDataURL(image);
    }
    this.actions.attach([...files].filter((file) => !fits(file)));
  }
}

const isImage = (file) => IMAGES.split(",").includes(file.type);

/** Say in the reader's language what the server has said of a quoted message. */
function translate(page) {
  for (const time of page.querySelectorAll("time[datetime]")) time.replaceWith(fullTime(time.dateTime));
  for (const line of page.querySelectorAll("[data-word]")) {
    const { word, date, who } = line.dataset;
    line.textContent = t(word, { date: date && fullTime(date), who });
    delete line.dataset.word;
  }
}
