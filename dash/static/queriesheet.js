// The queries behind the page's numbers. Loaded on first use.

import { make } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";

/**
 * showQueries opens the list.
 * @param {[string, string][]} parts each with its name and its PromQL
 */
export function showQueries(parts) {
  const close = make("button", { type: "button", class: "ctl icon bare", "aria-label": say("close"), title: say("close") }, icon("off"));
  const sheet = /** @type {HTMLDialogElement} */ (make("dialog", { class: "pop queries", "aria-label": say("howComputed") },
    make("header", { class: "sheethead" }, make("h2", {}, say("howComputed")), close),
    make("dl", { tabindex: "0" }, ...parts.flatMap(([name, expr]) => [make("dt", {}, queryName(name)), make("dd", {}, make("code", {}, expr))]))));
  close.addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
  sheet.addEventListener("close", () => sheet.remove());
  document.body.append(sheet);
  sheet.showModal();
}

function queryName(/** @type {string} */ part) {
  if (part.endsWith("Of")) return say("ofService", { name: say(part.slice(0, -2)) });
  return part.startsWith("p") ? say(part) : say(`query${part[0].toUpperCase()}${part.slice(1)}`);
}
