// The keys of the whole page; those of the list, of menus and of the composer are theirs.

export const KEYS = [
  ["n", "New message"], ["/", "Search"], ["j  k", "Next or previous message"], ["r", "Reply"], ["a", "Reply to all"], ["f", "Forward"],
  ["Del", "Delete"], ["u", "Mark as read or unread"], ["s", "Flag"], ["v", "Move"], ["x", "Select in the list"], ["Esc", "Back to the list"],
  ["Ctrl+Enter", "Send"], ["?", "This table"],
];

const ACTIONS = {
  n: "compose", c: "compose", "/": "search", j: "next", k: "previous", r: "reply", a: "replyall", f: "forward", v: "move",
  Delete: "delete", "#": "delete", u: "toggleread", s: "flag", Escape: "back", "?": "keys",
};

/** Return what handles a key: `run(action, event)` gets one of the words above. */
export function keyHandler(run) {
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
    if (typing && event.key !== "Escape") return;
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    run(action, event);
  };
}
