// The sheet of keyboard shortcuts, with their switch. Loaded on first use.

import { make } from "./dom.js";
import { icon } from "./icons.js";
import { enable, enabled, shortcuts } from "./keys.js";
import { say } from "./messages.js";

/** showKeys opens the sheet. */
export function showKeys() {
  const close = make("button", { type: "button", class: "ctl icon bare", "aria-label": say("close"), title: say("close") }, icon("off"));
  const row = (/** @type {string[]} */ keys, /** @type {string} */ text) => [make("span", {}, ...keys.flatMap((k) => [make("kbd", {}, k), " "])), make("span", {}, say(text))];
  const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", id: "keys-on" }));
  box.checked = enabled();
  box.addEventListener("change", () => enable(box.checked));
  const sheet = /** @type {HTMLDialogElement} */ (make("dialog", { class: "pop", "aria-label": say("keys") },
    make("header", { class: "sheethead" }, make("h2", {}, say("keys")), close),
    make("div", { class: "keytable" }, ...row(["Ctrl K"], "key_search"), ...shortcuts.flatMap(([key, text]) => row(key === " " ? [say("key_space")] : key.split(" "), text)), ...row(["Esc"], "key_close")),
    make("label", { class: "switchline" }, box, say("keysOn"))));
  close.addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
  sheet.addEventListener("close", () => sheet.remove());
  document.body.append(sheet);
  sheet.showModal();
}
