// A small table of texts and numbers.

import { card, nothing } from "./card.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { shorten, visible } from "./format.js";
import { stateIcon } from "./icons.js";
import { say } from "./messages.js";
import { sparkPath } from "./sparkline.js";
import { track } from "./glyph.js";

/**
 * A Cell is a text, or a text with a tooltip, a link, a share from 0 to 1 that is drawn as
 * a bar, a mark that it is worse than the other rows, the tone of a state, an icon before it, a line of values,
 * or what it was before, in muted ink.
 * @typedef {{text: string, title?: string, href?: string, share?: number, worse?: boolean, tone?: string, state?: string, curve?: (number | null)[], most?: number, was?: string, mono?: boolean, bold?: boolean}} RichCell
 * @typedef {string | RichCell} Cell
 * @typedef {{key: string, cells: Cell[]}} Row
 * @typedef {{label: string, number?: boolean, hide?: string, narrow?: boolean}} Head hide is a class of narrow screens; narrow says the label where rows are stacked
 */

/**
 * facts returns an empty table in a card, hidden until it has a row.
 * @param {string} title a message's key
 * @param {Head[]} heads
 * @param {number} [most] rows that are shown; the rest is counted
 * @param {{note?: string, stays?: boolean, stacked?: boolean}} look a message's key; the card stays without rows; on a phone a row is its name and numbers below
 */
export function facts(title, heads, most = 20, { note = "", stays = false, stacked = false } = {}) {
  const body = make("tbody");
  const rest = make("p", { class: "foot" });
  const empty = nothing("go");
  const head = make("tr", {}, ...heads.map((h) => make("th", { scope: "col", class: [h.number ? "n" : "", h.hide ?? ""].join(" ").trim() }, h.label ? say(h.label) : make("span", { class: "unseen" }, say("trend")))));
  const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say(title) }, make("table", { class: `dense${stacked ? " stackrows" : ""}` }, make("thead", {}, head), body));
  const frame = card(say(title), "fact", table, empty.element, rest);
  if (note) frame.note(say(note));
  frame.element.hidden = !stays;
  empty.update("");
  return {
    element: frame.element,
    note: frame.note,
    /**
     * @param {Row[]} rows
     * @param {[string, string]} [missing] what is said without rows: what is missing, and what to do
     */
    update(rows, missing = ["", ""]) {
      frame.element.hidden = rows.length === 0 && !stays;
      table.hidden = rows.length === 0;
      empty.update(rows.length === 0 ? missing[0] : "", missing[1]);
      list(body, rows.slice(0, most).map((row) => ({ ...row, heads })), factRow);
      rest.hidden = rows.length <= most;
      put(rest, say("more", { n: rows.length - most }));
    },
  };
}

function factRow(/** @type {Row & {heads: Head[]}} */ { heads }) {
  const cells = heads.map((h, i) => {
    const element = make("td", { class: [h.number ? "n" : "", h.hide ?? "", i === 0 ? "nw wide" : "", h.label ? "" : "sp"].filter(Boolean).join(" ") });
    if (i > 0 && h.label) element.dataset.l = say(h.label);
    return { element, cell: factCell(element) };
  });
  return {
    element: make("tr", {}, ...cells.map((c) => c.element)),
    update(/** @type {Row} */ row) {
      row.cells.forEach((cell, i) => cells[i].cell(typeof cell === "string" ? { text: cell } : cell));
    },
  };
}

/** factCell shows a cell; external text is made visible and shortened. */
function factCell(/** @type {HTMLElement} */ element) {
  const state = stateIcon();
  const bar = track("calm");
  const line = svg("path", { class: "ln lq95" });
  const spark = svg("svg", { class: "spark", viewBox: "0 0 100 22", preserveAspectRatio: "none", "aria-hidden": "true" }, line);
  const was = make("span", { class: "was" });
  /** @type {HTMLElement | null} */
  let inner = null;
  return (/** @type {RichCell} */ { text, title, href, share, worse, tone, state: shape, curve, most, was: before, mono, bold }) => {
    const tag = href ? "a" : worse || bold ? "b" : "bdi";
    if (inner?.localName !== tag) {
      inner = make(tag);
      const parts = [...(shape ? [state.element, " "] : []), ...(curve ? [spark] : [inner]), ...(before !== undefined ? [" ", was] : [])];
      element.replaceChildren(...(share !== undefined ? [make("span", { class: "meter" }, bar.element, inner)] : parts));
    }
    put(inner, shorten(visible(text), 160));
    attribute(inner, "class", [mono ? "route" : "", href ? "row" : "", worse || tone ? `is-${tone ?? "warn"}` : ""].filter(Boolean).join(" "));
    if (href) attribute(inner, "href", href);
    if (shape) state.update(shape);
    if (before !== undefined) put(was, before);
    if (curve) attribute(line, "d", sparkPath(curve, most || Math.max(...curve.map((v) => v ?? 0), 1e-12), 100, 22));
    if (share !== undefined) bar.update(share);
    attribute(element, "title", title ? shorten(visible(title), 2000) : "");
  };
}
