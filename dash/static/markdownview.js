// Markdown as elements, never as HTML text.

import { make } from "./dom.js";
import { safeLink, visible } from "./format.js";
import { blocks } from "./markdown.js";

/**
 * markdownView returns the elements of a page. Its headings begin below those that stand
 * above it.
 * @param {string} text
 * @param {string} base the page's address, for its links
 * @param {number} below the level of the heading above
 */
export const markdownView = (text, base, below) => blocks(text).map((b) => blockView(b, base, below));

/**
 * @param {import("./markdown.js").Block} b
 * @param {string} base
 * @param {number} below
 * @returns {HTMLElement}
 */
function blockView(b, base, below) {
  switch (b.kind) {
    case "heading": return make(`h${Math.min(6, below + b.level)}`, {}, ...inlineView(b.inline, base));
    case "code": return make("pre", {}, make("code", {}, b.text));
    case "list": return make(b.ordered ? "ol" : "ul", {}, ...b.items.map((item) => make("li", {}, ...inlineView(item, base))));
    case "paragraph": return make("p", {}, ...inlineView(b.inline, base));
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
    return href ? make("a", { href, rel: "noreferrer" }, text) : text;
  });
}
