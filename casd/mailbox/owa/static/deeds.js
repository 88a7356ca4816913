// What is done to messages: at once on the page, then at the server, and to be undone.

import { call, sourceUrl } from "./api.js";
import { $, el, iconButton } from "./dom.js";
import { t } from "./language.js";
import { ask, complain, menu, toast } from "./overlay.js";

const LASTING = { lasting: true };
const SMALL = new Set(["read", "unread", "flag", "tag"]);  // what has no room beside a message on a phone

export class Deeds {
  /** `mail` has list, pane, tree and page, and can go(id), refresh(), compose(verb, item) and tell the colour(category). */
  constructor(mail) {
    this.mail = mail;
    this.back = null;
    this.table = this.#table();
  }

  /** Do to messages what a button says; `anchor` is where a menu opens. */
  act(name, items, anchor) {
    return this.table[name]?.(items, anchor);
  }

  /** Change messages at once, then at the server: `shown` is what is seen of it, `values` what is asked for. */
  async update(items, shown, values = shown) {
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    const before = items.map((item) => ({ ...item }));
    const change = this.mail.list.change(ids, shown);
    this.mail.pane.patch(ids, shown);
    try {
      await call("UpdateItem", { ids, ...values }, LASTING);
    } catch (error) {
      complain(error);
      change.values = {};
      before.forEach((item) => { this.mail.list.patch(item.ids ?? [item.id], item); this.mail.pane.patch(item.ids ?? [item.id], item); });
    } finally {
      change.done = true;
    }
  }

  /** Put messages into a folder. */
  async move(items, target) {
    const from = items[0]?.folder;
    if (!items.length || !target || from === target.id) return;
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    await this.#takeAway(items, () => call("MoveItem", { ids, folder: target.id }, LASTING), t("moved", { count: ids.length, folder: target.name }));
  }

  async #remove(items) {
    if (!items.length) return;
    const bin = this.mail.tree.find("deleteditems");
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    const forGood = items.some((item) => item.folder === bin?.id);
    if (forGood && !await ask({ title: t("delete-for-good", { count: ids.length }), text: t("no-way-back"), action: t("delete"), danger: true })) return;
    const text = forGood ? t("deleted-for-good") : t("deleted", { count: ids.length });
    await this.#takeAway(items, () => call("DeleteItem", { ids }, LASTING), text, !forGood);
  }

  /** Take messages out of the list at once, then tell the server; what went wrong comes back. */
  async #takeAway(items, doIt, text, undo = true) {
    const ids = items.flatMap((item) => item.ids ?? [item.id]);
    const next = this.mail.list.remove(ids);
    if (this.mail.pane.loses(ids)) this.mail.go(document.body.dataset.view === "item" && !isNarrow() && next ? next.id : "");
    this.back = undo ? () => this.#putBack(items) : null;
    try {
      const done = doIt();
      toast(text, undo && { label: t("undo"), run: () => this.undo(done) });
      await done;
    } catch (error) {
      complain(error);
    }
    this.mail.refresh();
  }

  /** Undo what was taken away last, once it is `done`. */
  async undo(done = null) {
    const { back } = this;
    this.back = null;
    await done?.catch(() => {});
    if (back) await back();
  }

  async #putBack(items) {
    for (const home of new Set(items.map((item) => item.folder))) {
      const ids = items.filter((item) => item.folder === home).flatMap((item) => item.ids ?? [item.id]);
      await call("MoveItem", { ids, folder: home }, LASTING).catch(complain);
    }
    toast(t("undone"));
    this.mail.refresh();
  }

  /** Ask for the folder to move messages to. */
  chooseFolder(items, anchor = $("#reading")) {
    const targets = this.mail.tree.folders.filter((target) => target.id !== items[0]?.folder && target.distinguished !== "drafts");
    if (items.length) menu(anchor, t("move-to"), targets.map((target) => ({ icon: "folder", label: target.name, depth: target.depth, run: () => this.move(items, target) })));
  }

  /** Ask for the categories of messages. */
  chooseCategory(items, anchor = $("#reading")) {
    if (!items.length) return;
    const known = this.mail.page.settings.categories;
    const others = items.flatMap((item) => item.categories).filter((name) => !known.some((category) => category.name === name));
    const names = [...known.map((category) => category.name), ...new Set(others)];
    menu(anchor, t("categorise"), [
      ...names.map((name) => {
        const checked = items.every((item) => item.categories.includes(name));
        return { colour: this.mail.colour(name), label: name, checked, run: () => this.#categorise(items, name, !checked) };
      }),
      null,
      { icon: "settings", label: t("edit-categories"), run: () => { location.hash = "#/settings/categories"; } },
    ]);
  }

  #categorise(items, name, on) {
    for (const item of items) {
      const categories = on ? [...new Set([...item.categories, name])] : item.categories.filter((each) => each !== name);
      this.update([item], { categories }, on ? { addCategories: [name] } : { removeCategories: [name] });
    }
  }

  async #archive(items) {
    if (!items.length) return;
    let target = this.mail.tree.find("archive") ?? this.mail.tree.folders.find((folder) => folder.name === t("archive-folder"));
    if (!target) {
      try {
        await call("CreateFolder", { name: t("archive-folder") });
        await this.mail.tree.refresh();
      } catch (error) {
        return complain(error);
      }
      target = this.mail.tree.folders.find((folder) => folder.name === t("archive-folder"));
    }
    return this.move(items, target);
  }

  #table() {
    const junk = () => this.mail.tree.find("junkemail");
    const toggleRead = (items) => items.length && this.update(items, { read: !items.every((item) => item.read) });
    const toggleFlag = (items) => items.length && this.update(items, { flagged: !items.every((item) => item.flagged) });
    const write = (verb) => ([item]) => item && this.mail.compose(verb, item);
    return {
      reply: write("reply"), replyall: write("replyall"), forward: write("forward"), draft: write("draft"),
      read: toggleRead, unread: toggleRead, flag: toggleFlag, delete: (items) => this.#remove(items),
      move: (items, anchor) => this.chooseFolder(items, anchor), archive: (items) => this.#archive(items),
      categorise: (items, anchor) => this.chooseCategory(items, anchor),
      junk: (items) => this.move(items, junk()),
      more: ([item], anchor) => menu(anchor, t("more"), [
        ...(isSmall() ? [...this.#entries([item], anchor).filter((entry) => SMALL.has(entry?.icon)), null] : []),
        { icon: "download", label: t("download"), run: () => download(item) },
        { icon: "junk", label: t("move-to-junk"), run: () => this.move([item], junk()) },
      ]),
      menu: (items, anchor) => menu(anchor, t("actions"), this.#entries(items, anchor)),
    };
  }

  /** Return the entries of the menu that a right click opens. */
  #entries(items, anchor) {
    const entry = (icon, label, name = icon) => ({ icon, label, run: () => this.table[name](items, anchor) });
    const read = items.every((item) => item.read);
    const one = items.length === 1 ? [entry("reply", t("reply")), entry("replyall", t("reply-all")), entry("forward", t("forward")), null] : [];
    return [
      ...one, entry(read ? "unread" : "read", read ? t("mark-unread") : t("mark-read")), entry("flag", items.every((item) => item.flagged) ? t("unflag") : t("flag")),
      entry("tag", t("categorise"), "categorise"), null,
      entry("move", t("move")), entry("archive", t("archive")), entry("junk", t("move-to-junk")), entry("delete", t("delete")),
    ];
  }

  /** Offer what can be done to the messages that are chosen. */
  offer(items) {
    const bar = $("#list .selected");
    const focused = bar.contains(document.activeElement);
    bar.hidden = !items.length;
    if (!items.length) return focused && this.mail.list.focus();
    const read = items.every((item) => item.read);
    const clear = () => this.mail.list.clear();
    return bar.replaceChildren(
      iconButton("close", t("select-nothing"), clear),
      el("span", { class: "space", role: "status", text: t("selected", { count: items.length }) }),
      iconButton(read ? "unread" : "read", read ? t("mark-unread") : t("mark-read"), () => { this.table.read(items); clear(); }),
      iconButton("flag", t("flag"), () => { this.table.flag(items); clear(); }),
      iconButton("tag", t("categorise"), (event) => this.chooseCategory(items, event.currentTarget)),
      iconButton("archive", t("archive"), () => this.#archive(items)),
      iconButton("move", t("move"), (event) => this.chooseFolder(items, event.currentTarget)),
      iconButton("delete", t("delete"), () => this.#remove(items)));
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
