// Which messages belong together, and which of them are shown unfolded.

import { call } from "./api.js";

/** Return the messages of the conversation of one message, oldest first; only that one when `alone`. */
export async function members(id, alone, options) {
  if (!alone) return (await call("GetConversation", { id }, options)).items;
  return [await call("GetItem", { id }, options)];
}

/** Return which messages to unfold: what was asked for, and what is unread; a newest row means the newest ones. */
export function unfolded(items, id) {
  const newest = items.findLast((item) => !item.draft) ?? items.at(-1);
  const unread = items.filter((item) => !item.read && !item.draft);
  const asked = items.find((item) => item.id === id && !item.draft);
  return new Set([...(unread.length ? unread : [newest]), asked].filter(Boolean).map((item) => item.id));
}

/** Return what an action on the whole conversation is for: all messages in the folder of this one. */
export function together(items, item) {
  const here = items.filter((each) => each.folder === item.folder);
  return {
    ...item, ids: here.map((each) => each.id), read: here.every((each) => each.read), flagged: here.some((each) => each.flagged),
    categories: [...new Set(here.flatMap((each) => each.categories))],
  };
}
