// A sheet over the page. Loaded on first use.

import { make } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";

/**
 * showDialog opens a dialog. A click beside it closes it, as Escape does; it is then gone.
 * @param {string} label
 * @param {string} look classes
 * @param {...Node} content
 */
export function showDialog(label, look, ...content) {
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: `pop ${look}`.trim(), "aria-label": label }, ...content));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * showSheet opens a dialog with a title and a button that closes it.
 * @param {string} title
 * @param {string} look classes
 * @param {...Node} content
 */
export function showSheet(title, look, ...content) {
  const close = make("button", { type: "button", class: "ctl icon bare", "aria-label": say("close"), title: say("close") }, icon("off"));
  const dialog = showDialog(title, look, make("header", { class: "sheethead" }, make("h2", {}, title), close), ...content);
  close.addEventListener("click", () => dialog.close());
}
