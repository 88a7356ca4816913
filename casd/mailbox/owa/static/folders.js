// The tree of folders: where one is, where messages can be dropped.

import { call } from "./api.js";
import { $, el, icon, iconButton } from "./dom.js";
import { maybe, t } from "./language.js";
import { ask, complain, menu, toast } from "./overlay.js";
import { number } from "./words.js";

const ORDER = ["inbox", "drafts", "sentitems", "archive", "deleteditems", "junkemail"];
const ICONS = { inbox: "inbox", drafts: "draft", sentitems: "send", deleteditems: "delete", junkemail: "junk", archive: "archive" };
const HIDDEN = new Set(["outbox"]);

export class FolderTree {
  /** `dropped(folder)` is called when messages are dropped on one. */
  constructor(root, dropped) {
    this.list = $("ul", root);
    this.dropped = dropped;
    this.folders = [];
    this.current = "";
    $("#new-folder").addEventListener("click", () => this.#create(""));
  }

  /** Read the folders again; returns whose mailbox it is. */
  async refresh(options) {
    const { mailbox, folders } = await call("FindFolder", {}, options);
    this.folders = arranged(folders);
    this.#show();
    return mailbox;
  }

  /** Find a folder by id or default name. */
  find(key) {
    return this.folders.find((folder) => folder.id === key || (key && folder.distinguished === key));
  }

  select(folder) {
    this.current = folder?.id ?? "";
    for (const link of this.list.querySelectorAll("a")) {
      if (link.dataset.id === this.current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #show() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.list.replaceChildren(...this.folders.map((folder) => this.#row(folder)));
    this.select(this.find(this.current));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(folder) {
    const shown = folder.distinguished === "drafts" ? folder.total : folder.unread;
    const meaning = folder.distinguished === "drafts" ? t("drafts", { count: shown }) : t("count-unread", { count: shown });
    const link = el("a", { href: folderHash(folder), dataset: { id: folder.id }, style: { "--depth": folder.depth } },
      icon(ICONS[folder.distinguished] ?? "folder"),
      el("span", { class: "name", text: folder.name }),
      shown > 0 && el("span", { class: "count", "aria-label": meaning, text: number(shown) }));
    const row = el("li", {}, link, iconButton("more", t("actions-for", { name: folder.name }), (event) => this.#menu(event.currentTarget, folder)));
    row.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("application/x-owa-items")) return;
      event.preventDefault();
      row.classList.add("over");
    });
    row.addEventListener("dragleave", () => row.classList.remove("over"));
    row.addEventListener("drop", (event) => {
      event.preventDefault();
      row.classList.remove("over");
      this.dropped(folder);
    });
    return row;
  }

  #menu(button, folder) {
    menu(button, folder.name, [
      { icon: "plus", label: t("new-folder-inside"), run: () => this.#create(folder.id) },
      !folder.distinguished && { icon: "draft", label: t("rename"), run: () => this.#rename(folder) },
      { icon: "delete", label: t("empty-folder"), run: () => this.#empty(folder) },
      !folder.distinguished && { icon: "close", label: t("delete-folder"), run: () => this.#delete(folder) },
    ].filter(Boolean));
  }

  async #create(parent) {
    const name = await ask({ title: t("new-folder"), label: t("name"), action: t("create") });
    if (name) await this.#change("CreateFolder", { parent, name });
  }

  async #rename(folder) {
    const name = await ask({ title: t("rename-folder"), label: t("name"), value: folder.name, action: t("rename") });
    if (name) await this.#change("UpdateFolder", { folder: folder.id, name });
  }

  async #empty(folder) {
    const gone = folder.distinguished === "deleteditems" ? t("no-way-back") : t("go-to-deleted");
    const text = `${t("empty-question", { count: folder.total, folder: folder.name })} ${gone}`;
    if (folder.total && await ask({ title: t("empty-folder"), text, action: t("delete"), danger: true })) {
      await this.#change("EmptyFolder", { folder: folder.id });
      toast(t("is-empty", { folder: folder.name }));
    }
  }

  async #delete(folder) {
    const text = t("delete-folder-question", { folder: folder.name });
    if (!await ask({ title: t("delete-folder"), text, action: t("delete"), danger: true })) return;
    await this.#change("DeleteFolder", { folder: folder.id });
    if (folder.id === this.current) location.hash = "#/inbox";
  }

  async #change(action, values) {
    await call(action, values).catch(complain);
    await this.refresh().catch(complain);
  }
}

export const folderHash = (folder) => `#/${encodeURIComponent(folder.distinguished || folder.id)}`;

/** Return folders as people see them: named in their language, in order, each with its `depth`. */
export function arranged(folders) {
  const named = folders.map((folder) => ({ ...folder, name: maybe(`folder-${folder.distinguished}`) || folder.name }));
  return sorted(named.filter((folder) => !HIDDEN.has(folder.distinguished)));
}

/** Default folders first, in their order, then the others by name; each followed by those below it. */
function sorted(folders) {
  const ids = new Set(folders.map((folder) => folder.id));
  const rank = (folder) => (ORDER.indexOf(folder.distinguished) + 1) || ORDER.length + 1;
  const below = (parent, depth) => folders
    .filter((folder) => (parent ? folder.parent === parent : !ids.has(folder.parent)))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
    .flatMap((folder) => [{ ...folder, depth }, ...below(folder.id, depth + 1)]);
  return below("", 0);
}
