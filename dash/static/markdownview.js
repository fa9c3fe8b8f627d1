// Markdown as elements, never as HTML text.

import { make } from "./dom.js";
import { safeLink, visible } from "./format.js";
import { blocks, halfOf } from "./markdown.js";
import { inLanguage, languages } from "./messages.js";

/**
 * markdownView returns the elements of a page, in the user's language if the page has it.
 * Its headings start one level below the heading above it; a title with the same text is
 * left out.
 * @param {string} text
 * @param {string} base the page's address, for its links
 * @param {number} below the level of the heading above
 * @param {string} title the heading above
 */
export function markdownView(text, base, below, title) {
  const all = halfOf(blocks(text), inLanguage(languages));
  const [first] = all;
  const same = first?.kind === "heading" && first.inline.map((x) => x.text).join("") === title;
  // The rest starts one level below the title.
  return (same ? all.slice(1) : all).map((b) => blockView(b, base, same ? below - 1 : below));
}

/**
 * @param {import("./markdown.js").Block} b
 * @param {string} base
 * @param {number} below
 * @returns {HTMLElement}
 */
function blockView(b, base, below) {
  const line = (/** @type {import("./markdown.js").Inline[]} */ inline) => inlineView(inline, base);
  switch (b.kind) {
    case "heading": return make(`h${Math.min(6, below + b.level)}`, {}, ...line(b.inline));
    case "code": return make("pre", { tabindex: "0" }, make("code", {}, b.text.split("\n").map(visible).join("\n")));
    case "list": return make(b.ordered ? "ol" : "ul", {}, ...b.items.map((item) => make("li", {}, ...line(item))));
    case "table": return make("table", {}, make("thead", {}, make("tr", {}, ...b.head.map((cell) => make("th", { scope: "col" }, ...line(cell))))),
      make("tbody", {}, ...b.rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, ...line(cell)))))));
    case "paragraph": return make("p", {}, ...line(b.inline));
  }
}

/**
 * @param {import("./markdown.js").Inline[]} all
 * @param {string} base
 */
function inlineView(all, base) {
  return all.map((x) => {
    const text = visible(x.text);
    if (x.kind === "text") return text;
    if (x.kind !== "link") return make(x.kind, {}, text);
    const href = safeLink(x.href, base);
    return href ? make("a", { href, rel: "noreferrer", target: "_blank" }, text) : text;
  });
}
