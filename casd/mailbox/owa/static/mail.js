// Mail: the folder or search that is listed, the conversation that is open.

import { call } from "./api.js";
import { Composer } from "./compose.js";
import { Deeds } from "./deeds.js";
import { $ } from "./dom.js";
import { FolderTree, folderHash } from "./folders.js";
import { t } from "./language.js";
import { MessageList } from "./list.js";
import { complain, menu, toast } from "./overlay.js";
import { ReadingPane } from "./reading.js";
import { nameOf } from "./words.js";

const BACKGROUND = { background: true };
const OUTGOING = new Set(["sentitems", "drafts"]);

export class Mail {
  /** `page`: me, settings, key(event), entitle(text), save(settings) and search. */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.folder = null;
    this.filter = {};
    this.visits = 0;
    this.deeds = new Deeds(this);
    const act = (name, items, anchor) => this.deeds.act(name, items, anchor);
    this.tree = new FolderTree($("#folders"), (target) => this.deeds.move(this.list.dragged ?? [], target));
    this.list = new MessageList($("#list"), {
      open: (item) => this.go(item.id), act, chose: (items) => this.deeds.offer(items),
      folderName: (id) => this.tree.find(id)?.name ?? "", colour: (name) => this.colour(name),
    });
    this.pane = new ReadingPane($("#reading"), {
      act, close: () => this.go(""), key: (event) => page.key(event), mailto: (url) => this.compose("new", null, fromMailto(url)),
      colour: (name) => this.colour(name), alone: () => !page.settings.conversations, me: () => page.me,
    });
    this.composer = new Composer($("#reading"), {
      me: () => page.me, done: (verb) => (verb === "draft" ? this.go("") : this.arrive()),
    });
  }

  async start() {
    await this.tree.refresh();
    this.#wire();
    $("#compose").disabled = $("#compose-narrow").disabled = false;
  }

  get unsaved() {
    return this.composer.unsaved;
  }

  get unread() {
    return this.tree.find("inbox")?.unread ?? 0;
  }

  colour(name) {
    return this.page.settings.categories.find((category) => category.name === name)?.colour ?? "grey";
  }

  // Where one is: #/<folder>, #/<folder>/<message>, #/search/<words>, #/search/<words>/<message>

  #where() {
    const [first = "inbox", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
    return first === "search" ? { query: rest[0] ?? "", id: rest[1] ?? "" } : { folder: first || "inbox", query: "", id: rest[0] ?? "" };
  }

  #here() {
    const { query } = this.#where();
    return query ? `#/search/${encodeURIComponent(query)}` : folderHash(this.folder ?? { distinguished: "inbox" });
  }

  /** Go to a message, or with an empty id back to the list. */
  go(id) {
    const hash = id ? `${this.#here()}/${encodeURIComponent(id)}` : this.#here();
    if (location.hash === hash) this.arrive();
    else location.hash = hash;
  }

  /** Show what the address names. */
  async arrive() {
    const visit = ++this.visits;
    if (!await this.composer.close({ again: true })) return;
    const { folder: wanted, query, id } = this.#where();
    const target = query ? null : this.tree.find(wanted) ?? this.tree.find("inbox");
    const same = this.list.source && target?.id === this.folder?.id && query === (this.list.source.query ?? "");
    if (!same) {
      if (target?.id !== this.folder?.id) this.#unfilter();
      await this.#enter(target, query);
    }
    if (visit !== this.visits || this.composer.isOpen) return;  // one has gone on meanwhile
    this.#entitle();
    await this.#read(id);
  }

  /** Keep what is being written when another part of the page is shown; false when that failed. */
  async leave() {
    return this.composer.close({ again: true });
  }

  search(query) {
    const searching = this.#where().query && document.body.dataset.module === "mail";
    const hash = query ? `#/search/${encodeURIComponent(query)}` : "#/inbox";
    if (query && searching) location.replace(hash);  // going back leaves the search, not its last letter
    else location.hash = hash;
  }

  async #enter(target, query) {
    this.folder = target;
    this.tree.select(target);
    this.page.search.set(query);
    this.#closeDrawer();
    const filtered = Object.keys(this.filter).length > 0;
    await this.list.show({
      folder: target?.id ?? "", query, outgoing: OUTGOING.has(target?.distinguished), ...this.filter,
      conversations: this.page.settings.conversations && !query && !filtered && !OUTGOING.has(target?.distinguished),
    });
  }

  async #read(id) {
    this.#view(id ? "item" : "list");
    this.list.opened(id);
    if (!id) {
      this.pane.leave();
      this.pane.clear();
      return;
    }
    const items = await this.pane.open(id);
    if (!items) return;
    if (items.length === 1 && items[0].draft) await this.compose("draft", items[0]);
    else this.#markRead(items);
  }

  #markRead(items) {
    const unread = items.filter((item) => !item.read && this.pane.shows(item.id));
    if (unread.length) this.deeds.update(unread, { read: true });
  }

  #view(name) {
    document.body.dataset.view = name;
  }

  #entitle() {
    const { query } = this.#where();
    $("#list-title").textContent = query ? t("search-results") : this.folder?.name ?? "";
    this.page.entitle(query ? t("search-title", { query }) : this.folder?.name ?? t("mail"));
  }

  // What can be done

  /** Write: `verb` is new, draft, reply, replyall or forward; `item` what it is about. */
  async compose(verb, item = null, values = {}) {
    try {
      const full = item && !item.attachments ? await call("GetItem", { id: item.id }) : item;
      this.pane.leave();
      this.#view("compose");
      await this.composer.open(verb, full, values);
    } catch (error) {
      complain(error);
    }
  }

  /** Do what a key asks for; false when it asks for nothing here. */
  key(action) {
    const targets = this.list.targets();
    const anchor = $(`.tools [data-act=${action}]`) ?? $("#list");
    const keys = {
      compose: () => this.compose("new"), next: () => this.list.step(1), previous: () => this.list.step(-1),
      back: () => (this.list.chosen.size ? this.list.clear() : this.go("")), undo: () => this.deeds.undo(),
      toggleread: () => this.deeds.act("read", targets), move: () => this.deeds.chooseFolder(targets, anchor), categorise: () => this.deeds.chooseCategory(targets, anchor),
    };
    for (const name of ["reply", "replyall", "forward"]) keys[name] = () => this.deeds.act(name, this.pane.latest ? [this.pane.latest] : targets);
    for (const name of ["flag", "delete", "archive"]) keys[name] = () => this.deeds.act(name, targets);
    return keys[action] ? void keys[action]() : false;
  }

  // What happens elsewhere

  /** Show what has changed at the server. */
  async happened(events) {
    await this.refresh();
    if (events.some((event) => event.again) && document.body.dataset.view === "item" && this.pane.missing) await this.#read(this.#where().id);
  }

  /** Fetch again what is shown. */
  async refresh() {
    try {
      await this.tree.refresh(BACKGROUND);
      this.folder = this.folder && (this.tree.find(this.folder.id) ?? null);
      if (document.body.dataset.module === "mail") this.#entitle();
      await Promise.all([this.list.refresh(BACKGROUND), this.#freshen()]);
    } catch {  // the stream of events will say when the server is back
      return;
    }
  }

  async #freshen() {
    const added = await this.pane.refresh(BACKGROUND);
    if (added?.length && document.body.dataset.view === "item") this.#markRead(added);
  }

  /** Say that a message has come. */
  async announce(id) {
    const item = await call("GetItem", { id }, BACKGROUND).catch(() => null);
    if (!item || item.read || item.folder !== this.tree.find("inbox")?.id || this.pane.shows(id)) return;
    const text = `${nameOf(item.from[0] ?? { name: "" })}: ${item.subject || t("no-subject")}`;
    toast(text, { label: t("open"), run: () => { location.hash = `#/inbox/${encodeURIComponent(id)}`; } });
  }

  // The frame

  #wire() {
    $("#compose").addEventListener("click", () => { this.#closeDrawer(); this.compose("new"); });
    $("#compose-narrow").addEventListener("click", () => this.compose("new"));
    $("#menu").addEventListener("click", () => (document.body.classList.contains("drawer") ? this.#closeDrawer() : this.#openDrawer()));
    $("#shade").addEventListener("click", () => this.#closeDrawer());
    $(".skip").addEventListener("click", (event) => { event.preventDefault(); this.list.focus(); });
    addEventListener("keydown", (event) => { if (event.key === "Escape") this.#closeDrawer(); });
    for (const button of document.querySelectorAll("[data-filter]")) button.addEventListener("click", () => this.#choose(button));
  }

  #choose(button) {
    const name = button.dataset.filter;
    if (name !== "category") return this.#filterBy(name ? { [name]: true } : {}, button);
    return menu(button, t("category"), this.page.settings.categories.map((category) => ({
      colour: category.colour, label: category.name, checked: this.filter.category === category.name, run: () => this.#filterBy({ category: category.name }, button),
    })));
  }

  #filterBy(filter, button) {
    this.filter = filter;
    this.#press(button, filter.category);
    this.#enter(this.folder, this.#where().query);
  }

  #unfilter() {
    this.filter = {};
    this.#press($("[data-filter='']"));
  }

  #press(button, category = "") {
    for (const other of document.querySelectorAll("[data-filter]")) other.setAttribute("aria-pressed", String(other === button));
    $("[data-filter=category]").textContent = category || t("category");
  }

  #closeDrawer() {
    document.body.classList.remove("drawer");
    $("#shade").hidden = true;
    $("#menu").setAttribute("aria-expanded", "false");
  }

  #openDrawer() {
    document.body.classList.add("drawer");
    $("#shade").hidden = false;
    $("#menu").setAttribute("aria-expanded", "true");
    $("#folders a")?.focus();
  }
}

function fromMailto(url) {
  const { pathname, searchParams } = new URL(url);
  const to = decodeURIComponent(pathname).split(",").filter(Boolean).map((address) => ({ name: "", address }));
  return { to, subject: searchParams.get("subject") ?? "", text: searchParams.get("body") ?? "" };
}
