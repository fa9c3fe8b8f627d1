// The queries behind the page's numbers. Loaded on first use.

import { make } from "./dom.js";
import { say } from "./messages.js";
import { showSheet } from "./sheet.js";

/**
 * showQueries opens the list.
 * @param {[string, string][]} parts each with its name and its PromQL
 */
export function showQueries(parts) {
  showSheet(say("howComputed"), "queries",
    make("dl", { tabindex: "0" }, ...parts.flatMap(([name, expr]) => [make("dt", {}, queryName(name)), make("dd", {}, make("code", {}, expr))])));
}

function queryName(/** @type {string} */ part) {
  if (part.endsWith("Of")) return say("ofService", { name: say(part.slice(0, -2)) });
  return part.startsWith("p") ? say(part) : say(`query${part[0].toUpperCase()}${part.slice(1)}`);
}
