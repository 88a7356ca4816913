// The pages of an attachment, above everything else: pictures that are loaded as they come into sight.

import { attachmentUrl, reason } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];
const PAGE_WIDTH = 900;  // CSS pixels at most, at 100 %
const NEAR = "800px";  // so far out of sight a page is loaded already
const HERE = (name, values) => `/owa/${name}?${new URLSearchParams(values)}`;

/** Take the click on an attachment's link: show its pages, unless another window or the file itself is asked for. */
export function preview(event, file) {
  if (!file.preview || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  new Viewer(file, event.currentTarget).open();
}

class Viewer {
  constructor(file, link) {
    this.file = file;
    this.link = link;
    this.zoom = ZOOMS.indexOf(1);
    this.pages = [];
    this.where = el("span", { class: "where", role: "status" });
    this.percent = el("button", { type: "button", class: "percent", title: `${t("actual-size")} (0)`, on: { click: () => this.#zoomTo(1) } });
    this.zooms = el("span", { class: "zooms", hidden: true },
      sign("−", `${t("smaller")} (-)`, () => this.#step(-1)), this.percent, sign("+", `${t("larger")} (+)`, () => this.#step(1)));
    const download = `${t("download")} (d)`;
    this.download = el("a", {
      class: "icon", href: attachmentUrl(file.id), download: file.name, "aria-label": download, title: download,
    }, icon("download"));
    this.area = el("div", { class: "pages", tabindex: "0", role: "group", "aria-label": t("pages"), on: { scroll: () => this.#tell() } });
    this.dialog = el("dialog", { class: "viewer", "aria-label": file.name },
      el("header", {}, el("h2", { text: file.name, title: file.name }), this.where, el("span", { class: "space" }),
        this.zooms, this.download, iconButton("close", `${t("close")} (Esc)`, () => this.dialog.close())),
      this.area);
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("close", () => this.#closed());
    this.seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => this.#load(entry.target)),
      { root: this.area, rootMargin: NEAR });
    this.resized = new ResizeObserver(() => this.#measure());
  }

  async open() {
    await styled();
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.area.focus();
    this.#say(t("opening"));
    try {
      const response = await fetch(HERE("preview.ashx", { id: this.file.id, origin: location.origin }), { redirect: "error", cache: "no-store" });
      const answer = await response.json().catch(() => ({}));
      if (response.status === 440) location.reload();  // the session has ended: sign in, and come back
      else if (response.status === 501) this.#hand();
      else if (!response.ok) this.#fail(reason(response, answer));
      else this.#show(answer);
    } catch {
      this.#fail(t("unreachable"));
    }
  }

  /** This server shows no such documents: give the file itself, as the link would have done. */
  #hand() {
    this.file.preview = false;
    this.dialog.close();
    this.link.click();
  }

  #fail(text) {
    this.area.replaceChildren(el("div", { class: "failed", role: "alert" }, el("p", { text }),
      el("a", { class: "primary", href: attachmentUrl(this.file.id), download: this.file.name, text: t("download-document") })));
  }

  #say(text) {
    this.area.replaceChildren(el("p", { class: "opening", role: "status", text }));
  }

  #show({ sizes, total, markup, office }) {
    if (office) return this.#hire(office);
    if (markup) return this.area.replaceChildren(this.#frame());
    this.pages = sizes.map(([width, height], index) => {
      const page = el("img", { alt: t("page-number", { number: index + 1 }), dataset: { page: index + 1 }, on: { error: () => this.#retry(page) } });
      page.size = { width, height };
      return page;
    });
    const rest = total > sizes.length && el("p", { class: "rest", text: t("first-pages", { number: sizes.length }) });
    this.area.replaceChildren(...[rest, ...this.pages].filter(Boolean));
    this.zooms.hidden = false;
    this.#measure();
    this.resized.observe(this.area);
    this.pages.forEach((page) => this.seen.observe(page));
  }

  /** Have an office server show the document in a frame: it is posted what lets it read that one. */
  #hire({ url, token, expires }) {
    const hidden = (name, value) => el("input", { type: "hidden", name, value });
    const frame = el("iframe", { class: "office", name: "office", title: this.file.name, allow: "fullscreen" });
    const form = el("form", { method: "post", action: url, target: "office" },
      hidden("access_token", token), hidden("access_token_ttl", expires * 1000));
    this.area.replaceChildren(frame, form);
    form.submit();
  }

  #frame() {
    return el("iframe", { title: t("text-of", { subject: this.file.name }), sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
      src: HERE("preview.htm", { id: this.file.id }) });
  }

  /** Give each page its place before it is there, so that nothing moves when it comes. */
  #measure() {
    if (!this.pages.length) return;
    const at = this.#place();
    const widest = Math.max(...this.pages.map((page) => page.size.width));
    const room = Math.min(this.area.clientWidth - 24, PAGE_WIDTH) * ZOOMS[this.zoom];
    for (const page of this.pages) {
      const width = Math.max(1, Math.round(room * page.size.width / widest));
      page.style.width = `${width}px`;
      page.style.height = `${Math.max(1, Math.round(width * page.size.height / page.size.width))}px`;
      if (page.src && page.asked < Math.min(width * devicePixelRatio, 2400)) this.#load(page, { again: true });
    }
    this.percent.textContent = `${Math.round(ZOOMS[this.zoom] * 100)} %`;
    if (at) this.area.scrollTop = at.page.offsetTop + at.part * at.page.offsetHeight;
    this.#tell();
  }

  #load(page, { again = false } = {}) {
    if (page.src && !again) return;
    page.asked = Math.min(2400, Math.ceil(page.clientWidth * devicePixelRatio));
    page.src = HERE("page.ashx", { id: this.file.id, page: page.dataset.page, width: page.asked });
  }

  /** A page that did not come may come yet: the server was busy, or out of reach. */
  #retry(page) {
    page.tries = (page.tries ?? 0) + 1;
    if (page.tries > 3) return;
    setTimeout(() => this.dialog.open && this.#load(page, { again: true }), 1000 * page.tries);
  }

  /** Return the page at the top, and which part of it is above. */
  #place() {
    const top = this.area.scrollTop;
    const page = this.pages.find((each) => each.offsetTop + each.offsetHeight > top);
    return page?.offsetHeight ? { page, part: (top - page.offsetTop) / page.offsetHeight } : null;
  }

  #tell() {
    if (!this.pages.length) return;
    const middle = this.area.scrollTop + this.area.clientHeight / 2;
    const page = this.pages.findLast((each) => each.offsetTop <= middle) ?? this.pages[0];
    const text = `${page.dataset.page} / ${this.pages.length}`;
    if (this.where.textContent !== text) this.where.textContent = text;
  }

  #turn(step) {
    const here = this.#place();
    if (!here) return;
    const index = this.pages.indexOf(here.page) + (step < 0 && here.part > 0.02 ? 0 : step);
    this.pages[Math.max(0, Math.min(index, this.pages.length - 1))].scrollIntoView({ block: "start" });
  }

  #step(step) {
    this.#zoomTo(ZOOMS[Math.max(0, Math.min(this.zoom + step, ZOOMS.length - 1))]);
  }

  #zoomTo(factor) {
    this.zoom = ZOOMS.indexOf(factor);
    this.#measure();
  }

  #key(event) {
    event.stopPropagation();  // the keys of the page below are not ours
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => this.#step(1), "=": () => this.#step(1), "-": () => this.#step(-1), 0: () => this.#zoomTo(1),
      ArrowRight: () => this.#turn(1), ArrowLeft: () => this.#turn(-1), d: () => this.download.click(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #closed() {
    this.seen.disconnect();
    this.resized.disconnect();
    this.dialog.remove();
    this.link.focus({ preventScroll: true });
  }
}

function sign(text, label, click) {
  return el("button", { type: "button", class: "icon", "aria-label": label, title: label, text, on: { click } });
}

let style = null;

/** Bring the style sheet, which nobody needs before. */
function styled() {
  style ??= new Promise((resolve) => {
    const link = el("link", { rel: "stylesheet", href: new URL("preview.css", import.meta.url).href, on: { load: resolve, error: resolve } });
    document.head.append(link);
  });
  return style;
}
