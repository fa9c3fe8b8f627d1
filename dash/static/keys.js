// Keyboard shortcuts, which a switch in their sheet turns off (WCAG 2.1.4).

/** Where the switch is stored, in this browser. */
const stored = "tacho-keys";

/** enabled reports that single keys are shortcuts. */
export function enabled() {
  try {
    return localStorage.getItem(stored) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} on */
export function enable(on) {
  try {
    localStorage.setItem(stored, on ? "on" : "off");
  } catch {
    // A browser without storage keeps the keys on.
  }
}

/** What the keys do, by their name as an event has it; g is followed by a second one. */
export const shortcuts = /** @type {[string, string][]} */ ([
  ["s", "key_service"], ["t", "key_time"], ["/", "key_filter"], [" ", "key_pause"], ["[", "key_earlier"], ["]", "key_later"],
  ["c", "key_compare"], ["z", "key_incident"], ["j", "key_next"], ["k", "key_previous"], ["y", "key_copy"],
  ["g o", "key_services"], ["g e", "key_explore"], ["g a", "key_alerts"], ["g s", "key_slos"], ["g t", "key_targets"], ["?", "key_keys"],
]);

/** Elements that use the keys themselves. */
const typing = "input, textarea, select, [contenteditable], [role=dialog], [role=listbox]";

/**
 * listen calls an action for each shortcut.
 * @param {Record<string, () => void>} actions by the message's key
 * @param {() => void} search Ctrl K, which works while one types, too
 */
export function listen(actions, search) {
  let first = "";
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return search();
    }
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || target.closest?.(typing) || !enabled()) return;
    // Space presses the button that has the focus.
    if (event.key === " " && target.closest?.("button, a, summary")) return;
    const name = first ? `${first} ${event.key}` : event.key;
    first = name === "g" ? "g" : "";
    const found = shortcuts.find(([key]) => key === name);
    if (!found) return;
    event.preventDefault();
    actions[found[1]]?.();
  });
}
