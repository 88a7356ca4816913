// The page: where one is (in the address), what is open, what was asked for.

import { call, follow, sourceUrl } from "./api.js";
import { Composer } from "./compose.js";
import { $, el, iconButton } from "./dom.js";
import { FolderTree, folderHash } from "./folders.js";
import { keyHandler, KEYS } from "./keys.js";
import { MessageList } from "./list.js";
import { complain, menu, showKeys, toast } from "./overlay.js";
import { ReadingPane } from "./reading.js";
import { count, hue, initials, nameOf } from "./words.js";

const BACKGROUND = { background: true };
const REST_MS = 150;  // between two refreshes, however many events there are
const OUTGOING = new Set(["sentitems", "drafts"]);

let me = { name: "", address: "" };
let folder = null;
let filter = "";
let stale = null;

const act = (name, items, anchor) => (ACTIONS[name] ? ACTIONS[name](items, anchor) : undefined);
const tree = new FolderTree($("#folders"), (target) => move(list.dragged ?? [], target));
const list = new MessageList($("#list"), {
  open: (item) => go(item.id), act, chose, folderName: (id) => tree.find(id)?.name ?? "",
});
const pane = new ReadingPane($("#reading"), {
  act, close: () => go(""), key: (event) => key(event), mailto: (url) => compose("new", null, fromMailto(url)),
});
const composer = new Composer($("#reading"), { me: () => me, done: (verb) => (verb === "draft" ? go("") : arrive()) });
const key = keyHandler((action, event) => KEY_ACTIONS[action](event));

// Where one is: #/<folder>, #/<folder>/<message>, #/search/<words>, #/search/<words>/<message>

function where() {
  const [first = "inbox", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return first === "search" ? { query: rest[0] ?? "", id: rest[1] ?? "" } : { folder: first || "inbox", query: "", id: rest[0] ?? "" };
}

function here() {
  const { query } = where();
  return query ? `#/search/${encodeURIComponent(query)}` : folderHash(folder ?? { distinguished: "inbox" });
}

function go(id) {
  const hash = id ? `${here()}/${encodeURIComponent(id)}` : here();
  if (location.hash === hash) arrive();
  else location.hash = hash;
}

async function arrive() {
  if (!await composer.close({ again: true })) return;
  const { folder: wanted, query, id } = where();
  const target = query ? null : tree.find(wanted) ?? tree.find("inbox");
  if (target !== folder || query !== (list.source?.query ?? "")) await enter(target, query);
  await read(id);
}

async function enter(target, query) {
  folder = target;
  tree.select(folder);
  if (document.activeElement !== $("#search input")) $("#search input").value = query;
  entitle();
  closeDrawer();
  await list.show({
    folder: folder?.id ?? "", query, outgoing: OUTGOING.has(folder?.distinguished), ...(filter && { [filter]: true }),
  });
}

async function read(id) {
  view(id ? "item" : "list");
  list.opened(id);
  if (!id) {
    pane.leave();
    pane.clear();
    return;
  }
  const item = await pane.open(id);
  if (!item) return;
  if (item.draft) {
    await compose("draft", item);
  } else if (!item.read) {
    update([item], { read: true });
  }
}

function view(name) {
  document.body.dataset.view = name;
}

function entitle() {
  const inbox = tree.find("inbox");
  const { query } = where();
  $("#list-title").textContent = query ? "Search results" : folder?.name ?? "";
  const unread = inbox?.unread ? `(${inbox.unread}) ` : "";
  document.title = `${unread}${query ? `Search: ${query}` : folder?.name ?? "Mail"} – ${nameOf(me)}`;
}

// What can be done

async function compose(verb, item = null, values = {}) {
  let full = item;
  try {
    if (item && !item.attachments) full = await call("GetItem", { id: item.id });
    pane.leave();
    view("compose");
    await composer.open(verb, full, values);
  } catch (error) {
    complain(error);
  }
}

async function update(items, values) {
  const ids = items.map((item) => item.id);
  const before = items.map((item) => ({ ...item }));
  items.forEach((item) => Object.assign(item, values));
  const change = list.change(ids, values);
  if (ids.includes(pane.item?.id)) pane.patch(values);
  try {
    await call("UpdateItem", { ids, ...values });
  } catch (error) {
    complain(error);
    change.values = {};
    before.forEach((item) => list.patch([item.id], item));
  } finally {
    change.done = true;
  }
}

async function move(items, target) {
  const from = items[0]?.folder;
  if (!items.length || from === target.id) return;
  const text = `${count(items.length, "message", "messages")} moved to ${target.name}.`;
  await takeAway(items, () => call("MoveItem", { ids: items.map((item) => item.id), folder: target.id }), text);
}

async function remove(items) {
  const bin = tree.find("deleteditems");
  if (items.some((item) => item.folder === bin?.id)) {
    await takeAway(items, () => call("DeleteItem", { ids: items.map((item) => item.id) }), "Deleted for good.", false);
  } else {
    await takeAway(items, () => call("DeleteItem", { ids: items.map((item) => item.id) }), `${count(items.length, "message", "messages")} deleted.`);
  }
}

/** Take messages out of the list at once, then tell the server; what went wrong comes back. */
async function takeAway(items, doIt, text, undo = true) {
  const ids = items.map((item) => item.id);
  const next = list.remove(ids);
  if (ids.includes(where().id)) go(document.body.dataset.view === "item" && !isNarrow() && next ? next.id : "");
  try {
    await doIt();
    toast(text, undo && { label: "Undo", run: () => putBack(items) });
  } catch (error) {
    complain(error);
  }
  refresh();
}

async function putBack(items) {
  for (const home of new Set(items.map((item) => item.folder))) {
    const ids = items.filter((item) => item.folder === home).map((item) => item.id);
    await call("MoveItem", { ids, folder: home }).catch(complain);
  }
  refresh();
}

function chooseFolder(items, anchor = $("#reading")) {
  const targets = tree.folders.filter((target) => target.id !== items[0]?.folder && target.distinguished !== "drafts");
  if (items.length) menu(anchor, "Move to", targets.map((target) => ({ icon: "folder", label: target.name, depth: target.depth, run: () => move(items, target) })));
}

const toggleRead = (items) => items.length && update(items, { read: !items.every((item) => item.read) });
const toggleFlag = (items) => items.length && update(items, { flagged: !items.every((item) => item.flagged) });

const ACTIONS = {
  reply: ([item]) => item && compose("reply", item),
  replyall: ([item]) => item && compose("replyall", item),
  forward: ([item]) => item && compose("forward", item),
  read: toggleRead,
  unread: (items) => toggleRead(items),
  flag: toggleFlag,
  delete: remove,
  move: chooseFolder,
  more: ([item], anchor) => menu(anchor, "More", [
    { icon: "download", label: "Download", run: () => download(item) },
    tree.find("junkemail") && { icon: "junk", label: "Move to Junk", run: () => move([item], tree.find("junkemail")) },
    tree.find("archive") && { icon: "archive", label: "Archive", run: () => move([item], tree.find("archive")) },
  ].filter(Boolean)),
};

const KEY_ACTIONS = {
  compose: () => compose("new"),
  search: () => $("#search input").focus(),
  next: () => list.step(1),
  previous: () => list.step(-1),
  toggleread: () => toggleRead(list.targets()),
  back: () => (list.chosen.size ? list.clear() : go("")),
  keys: () => showKeys(KEYS),
  move: () => chooseFolder(list.targets(), $(".tools [title^=Move]") ?? $("#list")),
  ...Object.fromEntries(["reply", "replyall", "forward", "flag", "delete"].map((name) => [name, () => act(name, list.targets())])),
};

function download(item) {
  const link = el("a", { href: sourceUrl(item.id), download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

function chose(items) {
  const bar = $("#list .selected");
  const focused = bar.contains(document.activeElement);
  bar.hidden = !items.length;
  if (!items.length) return focused && list.focus();
  const button = (name, label, run) => iconButton(name, label, run);
  return bar.replaceChildren(
    iconButton("close", "Select nothing", () => list.clear()),
    el("span", { class: "space", role: "status", text: `${items.length} selected` }),
    button(items.every((item) => item.read) ? "unread" : "read", items.every((item) => item.read) ? "Mark as unread" : "Mark as read", () => { toggleRead(items); list.clear(); }),
    button("flag", "Flag", () => { toggleFlag(items); list.clear(); }),
    button("move", "Move", (event) => chooseFolder(items, event.currentTarget)),
    button("delete", "Delete", () => remove(items)));
}

function fromMailto(url) {
  const { pathname, searchParams } = new URL(url);
  const to = decodeURIComponent(pathname).split(",").filter(Boolean).map((address) => ({ name: "", address }));
  return { to, subject: searchParams.get("subject") ?? "", text: searchParams.get("body") ?? "" };
}

// What happens elsewhere

function happened(event) {
  if (event.new) announce(event.new);
  stale ??= setTimeout(() => { stale = null; refresh(); }, REST_MS);
}

async function refresh() {
  try {
    await tree.refresh(BACKGROUND);
    folder = folder && (tree.find(folder.id) ?? null);
    entitle();
    await list.refresh(BACKGROUND);
  } catch {  // the stream of events will say when the server is back
    return;
  }
}

async function announce(id) {
  const item = await call("GetItem", { id }, BACKGROUND).catch(() => null);
  if (!item || item.read || item.folder !== tree.find("inbox")?.id) return;
  const text = `${nameOf(item.from[0] ?? { name: "" })}: ${item.subject || "(no subject)"}`;
  toast(text, { label: "Open", run: () => { location.hash = `#/inbox/${encodeURIComponent(id)}`; } });
}

// The frame of the page

const isNarrow = () => matchMedia("(max-width: 899px)").matches;

function closeDrawer() {
  document.body.classList.remove("drawer");
  $("#shade").hidden = true;
  $("#menu").setAttribute("aria-expanded", "false");
}

function openDrawer() {
  document.body.classList.add("drawer");
  $("#shade").hidden = false;
  $("#menu").setAttribute("aria-expanded", "true");
  $("#folders a")?.focus();
}

function wire() {
  addEventListener("hashchange", arrive);
  addEventListener("keydown", (event) => (document.body.classList.contains("drawer") && event.key === "Escape" ? closeDrawer() : key(event)));
  addEventListener("beforeunload", (event) => { if (composer.unsaved) event.preventDefault(); });
  $("#compose").addEventListener("click", () => { closeDrawer(); compose("new"); });
  $("#compose-narrow").addEventListener("click", () => compose("new"));
  $("#menu").addEventListener("click", () => (document.body.classList.contains("drawer") ? closeDrawer() : openDrawer()));
  $("#shade").addEventListener("click", closeDrawer);
  $(".skip").addEventListener("click", (event) => { event.preventDefault(); list.focus(); });
  wireSearch($("#search"));
  for (const button of document.querySelectorAll("[data-filter]")) button.addEventListener("click", () => choose(button));
  $("#account").addEventListener("click", (event) => menu(event.currentTarget, "Account", [
    { label: `${nameOf(me)} (${me.address})`, run: () => {} }, null,
    { icon: "more", label: "Keyboard shortcuts", run: () => showKeys(KEYS) },
    { icon: "signout", label: "Sign out", run: () => { location.href = "/owa/logoff.owa"; } },
  ]));
}

function wireSearch(form) {
  let waiting = 0;
  const search = () => {
    clearTimeout(waiting);
    const query = form.query.value.trim();
    const hash = query ? `#/search/${encodeURIComponent(query)}` : "#/inbox";
    if (query === where().query) return;
    if (query && where().query) location.replace(hash);  // going back leaves the search, not its last letter
    else location.hash = hash;
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); list.focus(); });
  form.query.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 250); });
}

function choose(button) {
  filter = button.dataset.filter;
  for (const other of document.querySelectorAll("[data-filter]")) other.setAttribute("aria-pressed", String(other === button));
  enter(folder, where().query);
}

async function start() {
  me = await tree.refresh();
  const account = $("#account");
  account.textContent = initials(me);
  account.style.setProperty("--hue", hue(me));
  account.setAttribute("aria-label", `Account of ${nameOf(me)}`);
  await arrive();
  wire();
  $("#compose").disabled = $("#compose-narrow").disabled = false;
  follow(happened, (online) => { $("#offline").hidden = online; });
}

start().catch(complain);
