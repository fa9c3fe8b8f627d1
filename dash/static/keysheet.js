// The sheet of keyboard shortcuts, with their switch. Loaded on first use.

import { make } from "./dom.js";
import { enable, enabled, shortcuts } from "./keys.js";
import { say } from "./messages.js";
import { showSheet } from "./sheet.js";

/** showKeys opens the sheet. */
export function showKeys() {
  const row = (/** @type {string[]} */ keys, /** @type {string} */ text) => [make("span", {}, ...keys.flatMap((k) => [make("kbd", {}, k), " "])), make("span", {}, say(text))];
  const all = [row(["Ctrl K"], "key_search"), ...shortcuts.map(([key, text]) => row(key === " " ? [say("key_space")] : key.split(" "), text)), row(["Esc"], "key_close")];
  const half = Math.ceil(all.length / 2);
  const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", id: "keys-on" }));
  box.checked = enabled();
  box.addEventListener("change", () => enable(box.checked));
  showSheet(say("keys"), "",
    make("div", { class: "keytable" }, ...[all.slice(0, half), all.slice(half)].map((rows) => make("div", {}, ...rows.flat()))),
    make("label", { class: "switchline" }, box, say("keysOn")));
}
