// A small table of texts and numbers.

import { attribute, list, make, put } from "./dom.js";
import { shorten, visible } from "./format.js";
import { say } from "./messages.js";

/**
 * A Cell is a text, or a text with a tooltip, a link, a share from 0 to 1 that is drawn as
 * a bar, or a mark that it is worse than the other rows.
 * @typedef {string | {text: string, title?: string, href?: string, share?: number, worse?: boolean}} Cell
 * @typedef {{key: string, cells: Cell[]}} Row
 * @typedef {{label: string, number?: boolean}} Head
 */

/**
 * facts returns an empty table, hidden until it has a row.
 * @param {string} title a message's key
 * @param {Head[]} heads
 * @param {number} [most] rows that are shown; the rest is counted
 */
export function facts(title, heads, most = 20) {
  const body = make("tbody");
  const rest = make("p", { class: "muted" });
  const head = make("tr", {}, ...heads.map((h) => make("th", { scope: "col", ...(h.number ? { class: "number" } : {}) }, say(h.label))));
  const heading = make("h3", {}, say(title));
  const table = make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": say(title) }, make("table", { class: "facts" }, make("thead", {}, head), body));
  const element = make("section", { class: "fact" }, heading, table, rest);
  element.hidden = true;
  return {
    element,
    /** @param {Row[]} rows */
    update(rows) {
      element.hidden = rows.length === 0;
      list(body, rows.slice(0, most).map((row) => ({ ...row, heads })), factRow);
      rest.hidden = rows.length <= most;
      put(rest, say("more", { n: rows.length - most }));
    },
  };
}

function factRow(/** @type {Row & {heads: Head[]}} */ { heads }) {
  const cells = heads.map((h) => make("td", h.number ? { class: "number" } : {}));
  return {
    element: make("tr", {}, ...cells),
    update(/** @type {Row} */ row) {
      row.cells.forEach((cell, i) => putCell(cells[i], typeof cell === "string" ? { text: cell } : cell));
    },
  };
}

/** putCell shows a cell; external text is made visible and shortened. */
function putCell(/** @type {HTMLElement} */ element, /** @type {Exclude<Cell, string>} */ { text, title, href, share, worse }) {
  let inner = /** @type {HTMLElement | null} */ (element.firstElementChild);
  const tag = href ? "a" : "bdi";
  if (inner?.localName !== tag) {
    inner = make(tag);
    element.replaceChildren(inner);
  }
  put(inner, shorten(visible(text), 160));
  if (href) attribute(inner, "href", href);
  attribute(element, "title", title ? shorten(visible(title), 2000) : "");
  element.classList.toggle("worse", Boolean(worse));
  element.classList.toggle("bar", share !== undefined);
  if (share !== undefined) element.style.setProperty("--share", String(share || 0));
}
