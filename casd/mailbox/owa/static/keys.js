// The keys of the whole page; those of lists, of menus and of the composer are theirs.

export const KEYS = [
  ["n", "key-new"], ["/", "key-search"], ["j  k", "key-next"], ["r", "reply"], ["a", "reply-all"], ["f", "forward"],
  ["Del", "delete"], ["e", "archive"], ["u", "key-read"], ["s", "flag"], ["c", "categorise"], ["v", "move"], ["x", "key-select"],
  ["z", "undo"], ["Esc", "key-back"], ["Ctrl+Enter", "send"], ["1 2 3 4", "key-modules"], ["t", "today"],
  ["d  w  m", "key-views"], ["?", "key-help"],
];

const ACTIONS = {
  n: "compose", "/": "search", j: "next", k: "previous", ArrowRight: "following", ArrowLeft: "preceding", r: "reply", a: "replyall", f: "forward",
  v: "move", e: "archive", Delete: "delete", "#": "delete", u: "toggleread", s: "flag", c: "categorise", z: "undo",
  Escape: "back", "?": "keys", 1: "mail", 2: "calendar", 3: "people", 4: "tasks", t: "today", d: "day", w: "week", m: "month",
};

/** Return what handles a key: `run(action, event)` gets one of the words above, and says whether it has used it. */
export function keyHandler(run) {
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
    if (typing && event.key !== "Escape") return;
    const action = ACTIONS[event.key];
    if (action && run(action, event) !== false) event.preventDefault();
  };
}
