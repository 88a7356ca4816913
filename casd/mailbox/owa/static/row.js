// One row of the list: a message, or the newest of a conversation.

import { el, icon, iconButton } from "./dom.js";
import { t } from "./language.js";
import { marked } from "./search.js";
import { fullTime, hue, initials, namesOf, shortNames, shortTime } from "./words.js";

/** Make a row. `look`: outgoing, query, chosen, open, folderName(id) and colour(category). */
export function messageRow(item, attributes, look) {
  const people = look.outgoing ? item.recipients : item.sender;
  const names = people.length ? namesOf(people) : look.outgoing ? t("no-recipient") : t("unknown-sender");
  const classes = ["row", !item.read && "unread", look.open && "open", look.chosen && "chosen", item.flagged && "flagged"];
  return el("div", {
    ...attributes, class: classes.filter(Boolean).join(" "), draggable: "true", "aria-selected": String(look.chosen),
    "aria-label": describe(item, names),
  }, pick(item, people[0] ?? { name: "", address: "" }, look.chosen), what(item, people.length > 1 ? shortNames(people) : names, look), quick(item));
}

function pick(item, first, chosen) {
  return el("span", { role: "gridcell", class: "pick" },
    el("span", { class: "avatar", style: { "--hue": hue(first) }, text: initials(first), "aria-hidden": "true" }),
    el("input", { type: "checkbox", tabindex: "-1", checked: chosen, "aria-label": t("select-message", { subject: item.subject || t("no-subject") }) }));
}

function what(item, names, { query, folderName, colour }) {
  return el("span", { role: "gridcell", class: "what" },
    el("span", { class: "line" },
      el("span", { class: "who", text: names }),
      item.count > 1 && el("span", { class: "many", text: item.count, "aria-label": t("messages", { count: item.count }) }),
      item.verb && icon(item.verb),
      item.hasAttachments && icon("attach"),
      item.importance > 1 && icon("important"),
      el("time", { datetime: item.received, title: fullTime(item.received), text: shortTime(item.received) })),
    el("span", { class: "line" },
      el("span", { class: "subject" }, ...marked(item.marks?.subject, item.subject || t("no-subject"))),
      ...item.categories.slice(0, 3).map((name) => el("span", { class: `dot colour-${colour(name)}`, title: name })),
      query && el("span", { class: "tag", text: folderName(item.folder) })),
    el("span", { class: "preview" }, ...marked(item.marks?.passage, item.preview)));
}

function quick(item) {
  return el("span", { role: "gridcell", class: "hover" },
    action("archive", t("archive")),
    item.read ? action("unread", t("mark-unread")) : action("read", t("mark-read")),
    action("flag", item.flagged ? t("unflag") : t("flag")),
    action("delete", t("delete")));
}

function action(name, label) {
  return iconButton(name, label, null, { tabindex: "-1", dataset: { action: name }, on: {} });
}

function describe(item, names) {
  return [
    !item.read && t("unread"), item.flagged && t("flagged"), names, item.subject || t("no-subject"), shortTime(item.received),
    item.count > 1 && t("messages", { count: item.count }), item.hasAttachments && t("has-attachments"), ...item.categories,
  ].filter(Boolean).join(", ");
}
