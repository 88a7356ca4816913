// Mail: the folder or search that is listed, the conversation that is open, what is done to messages.

import { call, sourceUrl } from "./api.js";
import { Composer } from "./compose.js";
import { $, el, iconButton } from "./dom.js";
import { FolderTree, folderHash } from "./folders.js";
import { t } from "./language.js";
import { MessageList } from "./list.js";
import { ask, complain, menu, toast } from "./overlay.js";
import { ReadingPane } from "./reading.js";
import { nameOf } from "./words.js";

const BACKGROUND = { background: true };
const LASTING = { lasting: true };
const SMALL = new Set(["read", "unread", "flag", "tag"]);  // what has no room beside a message on a phone
const OUTGOING = new Set(["sentitems", "drafts"]);

export class Mail {
  /** `page`: me, settings, key(event), entitle(text), save(settings) and search. */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.folder = null;
    this.filter = {};
    this.undo = null;
    const act = (name, items, anchor) => this.actions[name]?.(items, anchor);
    this.actions = this.#actions();
    this.tree = new FolderTree($("#folders"), (target) => this.#move(this.list.dragged ?? [], target));
    this.list = new MessageList($("#list"), {
      open: (item) => this.#go(item.id), act, chose: (items) => this.#chose(items),
      folderName: (id) => this.tree.find(id)?.name ?? "", colour: (name) => this.colour(name),
    });
    this.pane = new ReadingPane($("#reading"), {
      act, close: () => this.#go(""), key: (event) => page.key(event), mailto: (url) => this.compose("new", null, fromMailto(url)),
      colour: (name) => this.colour(name), alone: () => !page.settings.conversations, me: () => page.me,
    });
    this.composer = new Composer($("#reading"), {
      me: () => page.me, done: (verb) => (verb === "draft" ? this.#go("") : this.#arriveHere()),
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

  #go(id) {
    const hash = id ? `${this.#here()}/${encodeURIComponent(id)}` : this.#here();
    if (location.hash === hash) this.#arriveHere();
    else location.hash = hash;
  }

  #arriveHere() {
    return this.arrive();
  }

  /** Show what the address names. */
  async arrive() {
    if (!await this.composer.close({ again: true })) return;
    const { folder: wanted, query, id } = this.#where();
    const target = query ? null : this.tree.find(wanted) ?? this.tree.find("inbox");
    const same = this.list.source && target?.id === this.folder?.id && query === (this.list.source.query ?? "");
    if (!same) {
      if (target?.id !== this.folder?.id) this.#unfilter();
      await this.#enter(target, query);
    }
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
    if (unread.length) this.#update(unread, { read: true });
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

  /** Change messages at once, then at the server: `shown` is what is seen of it, `values` what is asked for. */
  async #update(items, shown, values = shown) {
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    const before = items.map((item) => ({ ...item }));
    const change = this.list.change(ids, shown);
    this.pane.patch(ids, shown);
    try {
      await call("UpdateItem", { ids, ...values }, LASTING);
    } catch (error) {
      complain(error);
      change.values = {};
      before.forEach((item) => { this.list.patch(item.ids ?? [item.id], item); this.pane.patch(item.ids ?? [item.id], item); });
    } finally {
      change.done = true;
    }
  }

  async #move(items, target) {
    const from = items[0]?.folder;
    if (!items.length || !target || from === target.id) return;
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    await this.#takeAway(items, () => call("MoveItem", { ids, folder: target.id }, LASTING), t("moved", { count: ids.length, folder: target.name }));
  }

  async #remove(items) {
    if (!items.length) return;
    const bin = this.tree.find("deleteditems");
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    const forGood = items.some((item) => item.folder === bin?.id);
    if (forGood && !await ask({ title: t("delete-for-good", { count: ids.length }), text: t("no-way-back"), action: t("delete"), danger: true })) return;
    const text = forGood ? t("deleted-for-good") : t("deleted", { count: ids.length });
    await this.#takeAway(items, () => call("DeleteItem", { ids }, LASTING), text, !forGood);
  }

  /** Take messages out of the list at once, then tell the server; what went wrong comes back. */
  async #takeAway(items, doIt, text, undo = true) {
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    const next = this.list.remove(ids);
    if (this.pane.loses(ids)) this.#go(document.body.dataset.view === "item" && !isNarrow() && next ? next.id : "");
    this.undo = undo ? () => this.#putBack(items) : null;
    try {
      const done = doIt();
      toast(text, undo && { label: t("undo"), run: () => this.#undo(done) });
      await done;
    } catch (error) {
      complain(error);
    }
    this.#refresh();
  }

  async #undo(done = null) {
    const { undo } = this;
    this.undo = null;
    await done?.catch(() => {});
    if (undo) await undo();
  }

  async #putBack(items) {
    for (const home of new Set(items.map((item) => item.folder))) {
      const ids = items.filter((item) => item.folder === home).flatMap((item) => item.ids ?? [item.id]);
      await call("MoveItem", { ids, folder: home }, LASTING).catch(complain);
    }
    toast(t("undone"));
    this.#refresh();
  }

  #chooseFolder(items, anchor = $("#reading")) {
    const targets = this.tree.folders.filter((target) => target.id !== items[0]?.folder && target.distinguished !== "drafts");
    if (items.length) menu(anchor, t("move-to"), targets.map((target) => ({ icon: "folder", label: target.name, depth: target.depth, run: () => this.#move(items, target) })));
  }

  #chooseCategory(items, anchor = $("#reading")) {
    if (!items.length) return;
    const known = this.page.settings.categories;
    const others = items.flatMap((item) => item.categories).filter((name) => !known.some((category) => category.name === name));
    const names = [...known.map((category) => category.name), ...new Set(others)];
    menu(anchor, t("categorise"), [
      ...names.map((name) => {
        const checked = items.every((item) => item.categories.includes(name));
        return { colour: this.colour(name), label: name, checked, run: () => this.#categorise(items, name, !checked) };
      }),
      null,
      { icon: "settings", label: t("edit-categories"), run: () => { location.hash = "#/settings/categories"; } },
    ]);
  }

  #categorise(items, name, on) {
    for (const item of items) {
      const categories = on ? [...new Set([...item.categories, name])] : item.categories.filter((each) => each !== name);
      this.#update([item], { categories }, on ? { addCategories: [name] } : { removeCategories: [name] });
    }
  }

  async #archive(items) {
    if (!items.length) return;
    let target = this.tree.find("archive") ?? this.tree.folders.find((folder) => folder.name === t("archive-folder"));
    if (!target) {
      try {
        await call("CreateFolder", { name: t("archive-folder") });
        await this.tree.refresh();
      } catch (error) {
        return complain(error);
      }
      target = this.tree.folders.find((folder) => folder.name === t("archive-folder"));
    }
    return this.#move(items, target);
  }

  #actions() {
    const junk = () => this.tree.find("junkemail");
    const toggleRead = (items) => items.length && this.#update(items, { read: !items.every((item) => item.read) });
    const toggleFlag = (items) => items.length && this.#update(items, { flagged: !items.every((item) => item.flagged) });
    const write = (verb) => ([item]) => item && this.compose(verb, item);
    return {
      reply: write("reply"), replyall: write("replyall"), forward: write("forward"), draft: write("draft"),
      read: toggleRead, unread: toggleRead, flag: toggleFlag, delete: (items) => this.#remove(items),
      move: (items, anchor) => this.#chooseFolder(items, anchor), archive: (items) => this.#archive(items),
      categorise: (items, anchor) => this.#chooseCategory(items, anchor),
      junk: (items) => this.#move(items, junk()),
      more: ([item], anchor) => menu(anchor, t("more"), [
        ...(isSmall() ? [...this.#entries([item], anchor).filter((entry) => SMALL.has(entry?.icon)), null] : []),
        { icon: "download", label: t("download"), run: () => download(item) },
        { icon: "junk", label: t("move-to-junk"), run: () => this.#move([item], junk()) },
      ]),
      menu: (items, anchor) => menu(anchor, t("actions"), this.#entries(items, anchor)),
    };
  }

  /** Return the entries of the menu that a right click opens. */
  #entries(items, anchor) {
    const entry = (icon, label, name = icon) => ({ icon, label, run: () => this.actions[name](items, anchor) });
    const read = items.every((item) => item.read);
    const one = items.length === 1 ? [entry("reply", t("reply")), entry("replyall", t("reply-all")), entry("forward", t("forward")), null] : [];
    return [
      ...one, entry(read ? "unread" : "read", read ? t("mark-unread") : t("mark-read")), entry("flag", items.every((item) => item.flagged) ? t("unflag") : t("flag")),
      entry("tag", t("categorise"), "categorise"), null,
      entry("move", t("move")), entry("archive", t("archive")), entry("junk", t("move-to-junk")), entry("delete", t("delete")),
    ];
  }

  /** Do what a key asks for; false when it asks for nothing here. */
  key(action) {
    const targets = this.list.targets();
    const anchor = $(`.tools [data-act=${action}]`) ?? $("#list");
    const keys = {
      compose: () => this.compose("new"), next: () => this.list.step(1), previous: () => this.list.step(-1),
      back: () => (this.list.chosen.size ? this.list.clear() : this.#go("")), undo: () => this.#undo(),
      toggleread: () => this.actions.read(targets), move: () => this.#chooseFolder(targets, anchor), categorise: () => this.#chooseCategory(targets, anchor),
    };
    for (const name of ["reply", "replyall", "forward"]) keys[name] = () => this.actions[name](this.pane.latest ? [this.pane.latest] : targets);
    for (const name of ["flag", "delete", "archive"]) keys[name] = () => this.actions[name](targets);
    return keys[action] ? void keys[action]() : false;
  }

  #chose(items) {
    const bar = $("#list .selected");
    const focused = bar.contains(document.activeElement);
    bar.hidden = !items.length;
    if (!items.length) return focused && this.list.focus();
    const read = items.every((item) => item.read);
    const clear = () => this.list.clear();
    return bar.replaceChildren(
      iconButton("close", t("select-nothing"), clear),
      el("span", { class: "space", role: "status", text: t("selected", { count: items.length }) }),
      iconButton(read ? "unread" : "read", read ? t("mark-unread") : t("mark-read"), () => { this.actions.read(items); clear(); }),
      iconButton("flag", t("flag"), () => { this.actions.flag(items); clear(); }),
      iconButton("tag", t("categorise"), (event) => this.#chooseCategory(items, event.currentTarget)),
      iconButton("archive", t("archive"), () => this.#archive(items)),
      iconButton("move", t("move"), (event) => this.#chooseFolder(items, event.currentTarget)),
      iconButton("delete", t("delete"), () => this.#remove(items)));
  }

  // What happens elsewhere

  /** Show what has changed at the server. */
  async happened(events) {
    await this.#refresh();
    if (events.some((event) => event.again) && document.body.dataset.view === "item" && this.pane.missing) await this.#read(this.#where().id);
  }

  async #refresh() {
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

const isSmall = () => matchMedia("(max-width: 520px)").matches;
const isNarrow = () => matchMedia("(max-width: 899px)").matches;

function download(item) {
  const link = el("a", { href: sourceUrl(item.id), download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

function fromMailto(url) {
  const { pathname, searchParams } = new URL(url);
  const to = decodeURIComponent(pathname).split(",").filter(Boolean).map((address) => ({ name: "", address }));
  return { to, subject: searchParams.get("subject") ?? "", text: searchParams.get("body") ?? "" };
}
