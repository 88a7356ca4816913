// The page: which part of it is shown, who is signed in, what is told to all parts.

import { call, follow, leave, pending } from "./api.js";
import { $, el } from "./dom.js";
import { keyHandler, KEYS } from "./keys.js";
import { localise, speak, t } from "./language.js";
import { Mail } from "./mail.js";
import { ask, complain, menu, showKeys } from "./overlay.js";
import { SearchBox } from "./search.js";
import { hue, initials, nameOf } from "./words.js";

const REST_MS = 150;  // between two refreshes, however many events there are
const LATER = {
  calendar: () => import("./calendar.js"),
  people: () => import("./contacts.js"),
  tasks: () => import("./tasks.js"),
  settings: () => import("./settings.js"),
};

const page = { me: { name: "", address: "" }, settings: {}, storage: {}, key: null, entitle, save, compose, writeTo };
const opened = {};  // parts that have been shown, by name
let mail = null;
let current = null;
let arriving = null;
let reminders = null;
let stale = null;
let told = [];

// Where one is: #/calendar/…, #/people/…, #/tasks/…, #/settings/…; all else is mail

function parts() {
  return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
}

function arrive() {
  arriving = visit();
  return arriving;
}

async function visit() {
  const [first, ...rest] = parts();
  const name = first in LATER ? first : "mail";
  const asked = location.hash;
  try {
    const part = await partOf(name);
    if (location.hash !== asked) return;  // it loaded slowly, and one is elsewhere by now
    if (part !== current && current && await current.leave?.() === false) return;
    current = part;
    show(name);
    await part.arrive(name === "mail" ? [first, ...rest] : rest);
  } catch (error) {
    complain(error);
  }
}

async function partOf(name) {
  if (name === "mail") return mail;
  if (!opened[name]) {
    const { open } = await LATER[name]();
    opened[name] ??= placed(name, open);  // who came back meanwhile was first
  }
  return opened[name];
}

function placed(name, open) {
  const root = el("div", { class: "part", id: name, hidden: true });
  $("#other").append(root);
  return open(root, page);
}

function show(name) {
  document.body.dataset.module = name;
  $("#mail").hidden = name !== "mail";
  $("#other").hidden = name === "mail";
  for (const root of $("#other").children) root.hidden = root.id !== name;
  for (const link of document.querySelectorAll("#modules a")) {
    if (link.dataset.module === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function entitle(text) {
  const unread = mail?.unread ? `(${mail.unread}) ` : "";
  document.title = `${unread}${text} – ${nameOf(page.me)}`;
}

// What all parts may ask for

async function save(values) {
  const { settings } = await call("UpdateSettings", values);
  page.settings = settings;
  dress();
}

async function compose(values = {}) {
  if (current !== mail) {
    const moved = new Promise((resolve) => { addEventListener("hashchange", resolve, { once: true }); });
    location.hash = "#/inbox";
    await moved;
    await arriving;
  }
  await mail.compose("new", null, values);
}

/** Take over what another browser has chosen. */
async function takeSettings() {
  const { settings, storage } = await call("GetSettings", {}, { background: true }).catch(() => page);
  Object.assign(page, { settings, storage });
  dress();
}

function writeTo(people) {
  return compose({ to: people });
}

function dress() {
  const { theme } = page.settings;
  document.documentElement.dataset.theme = theme;
  $("meta[name=color-scheme]").content = theme || "light dark";
  try {
    localStorage.setItem("owa-theme", theme);
  } catch {  // private windows may have none
    return;
  }
}

// What happens elsewhere

function happened(event) {
  told.push(event);
  if (event.new) mail.announce(event.new);
  stale ??= setTimeout(refresh, REST_MS);
}

async function refresh() {
  const events = told;
  stale = null;
  told = [];
  if (events.some((event) => event.again || !event.item)) await takeSettings();  // kept with a folder, which tells
  await Promise.all([mail, reminders, ...Object.values(opened)].map((part) => part?.happened(events)));
}

function online(value) {
  const bar = $("#offline");
  bar.hidden = value;
  bar.textContent = value ? "" : pending() ? t("offline", { count: pending() }) : t("offline-only");
  document.body.classList.toggle("offline", !value);
}

// Keys, menus, the frame of the page

const GO = { mail: "#/inbox", calendar: "#/calendar", people: "#/people", tasks: "#/tasks" };

function act(action, event) {
  if (document.querySelector("dialog[open]")) return false;
  if (GO[action]) return void (location.hash = GO[action]);
  if (action === "keys") return void help();
  if (action === "search") return void search.focus();
  return current ? current.key(action, event) : false;
}

function help() {
  showKeys(KEYS.map(([key, word]) => [key, t(word)]));
}

let search = null;

function wire() {
  addEventListener("hashchange", arrive);
  addEventListener("keydown", page.key);
  addEventListener("beforeunload", hold);
  $("#settings-button").addEventListener("click", () => { location.hash = "#/settings"; });
  $("#account").addEventListener("click", (event) => menu(event.currentTarget, t("account"), [
    { label: `${nameOf(page.me)} (${page.me.address})`, run: () => {} }, null,
    { icon: "settings", label: t("settings"), run: () => { location.hash = "#/settings"; } },
    { icon: "keyboard", label: t("keys"), run: help },
    { icon: "signout", label: t("sign-out"), run: signOut },
  ]));
}

function hold(event) {
  if (mail.unsaved || pending()) event.preventDefault();
}

/** Keep what is being written, and end the session. */
async function signOut() {
  const goes = pending()
    ? await ask({ title: t("sign-out-title"), text: t("sign-out-unsent"), action: t("sign-out") })
    : await mail.composer.close();
  if (!goes) return;
  removeEventListener("beforeunload", hold);
  leave();
  // A browser may keep this page as it is, and show it to whoever goes back.
  document.documentElement.style.visibility = "hidden";
  addEventListener("pageshow", () => location.reload());
  location.href = "/owa/logoff.owa";
}

async function start() {
  try {
    document.documentElement.dataset.theme = localStorage.getItem("owa-theme") ?? "";
  } catch {  // private windows may have none
    document.documentElement.dataset.theme = "";
  }
  const { mailbox, settings, storage } = await call("GetSettings");
  Object.assign(page, { me: mailbox, settings, storage });
  await speak(settings);
  localise();
  dress();
  const account = $("#account");
  account.textContent = initials(mailbox);
  account.style.setProperty("--hue", hue(mailbox));
  account.setAttribute("aria-label", t("account-of", { name: nameOf(mailbox) }));
  page.key = keyHandler(act);
  search = new SearchBox($("#search"), (query) => mail.search(query));
  page.search = search;
  mail = new Mail($("#mail"), page);
  await mail.start();
  wire();
  await arrive();
  follow(happened, online);
  const { Reminders } = await import("./reminders.js");
  reminders = new Reminders();
}

start().catch(complain);
