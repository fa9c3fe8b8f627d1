// The part of Markdown that the runbooks use. Pure.

/**
 * An Inline is a piece of a line.
 * @typedef {{kind: "text" | "code" | "strong", text: string} | {kind: "link", text: string, href: string}} Inline
 *
 * A Block is a heading, a paragraph, a list, code, or a table.
 * @typedef {{kind: "heading", level: number, inline: Inline[]} | {kind: "paragraph", inline: Inline[]}
 *   | {kind: "list", ordered: boolean, items: Inline[][]} | {kind: "code", text: string}
 *   | {kind: "table", head: Inline[][], rows: Inline[][][]}} Block
 */

/**
 * A Reader reads the block at a line, and returns it with the next block's line; undefined
 * if the block is of another kind.
 * @typedef {(lines: string[], i: number) => [Block, number] | undefined} Reader
 */

/**
 * blocks reads a page.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocks(text) {
  /** @type {Block[]} */
  const found = [];
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  for (let i = 0; i < lines.length;) {
    const read = lines[i].trim() === "" ? undefined : readAt(lines, i);
    if (read) found.push(read[0]);
    i = read ? read[1] : i + 1;
  }
  return found;
}

/** The heading at which the Chinese half of a page begins, and the link to it. */
const chinese = { level: 2, text: "中文", href: "#中文" };

/**
 * halfOf returns the half of a page that is in a language. The Chinese half follows the
 * English one, below a heading of its own; a page without that heading has one language.
 * @param {Block[]} page
 * @param {string} language such as zh-CN
 * @returns {Block[]}
 */
export function halfOf(page, language) {
  const at = page.findIndex((b) => b.kind === "heading" && b.level === chinese.level && textOf(b.inline) === chinese.text);
  if (at < 0) return page;
  if (!language.startsWith("zh")) return page.slice(0, at).filter((b) => !isLinkToChinese(b));
  const title = page.slice(0, 1).filter((b) => b.kind === "heading" && b.level === 1);
  return [...title, ...page.slice(at + 1).map(raised)];
}

const textOf = (/** @type {Inline[]} */ inline) => inline.map((x) => x.text).join("");

const isLinkToChinese = (/** @type {Block} */ b) =>
  b.kind === "paragraph" && b.inline.length === 1 && b.inline[0].kind === "link" && b.inline[0].href === chinese.href;

/** raised takes headings of the Chinese half to the level that those of the English half have. */
const raised = (/** @type {Block} */ b) => (b.kind === "heading" ? { ...b, level: b.level - 1 } : b);

const readAt = (/** @type {string[]} */ lines, /** @type {number} */ i) =>
  [headingAt, codeAt, tableAt, listAt].reduce((found, reader) => found ?? reader(lines, i), /** @type {[Block, number] | undefined} */ (undefined)) ?? paragraphAt(lines, i);

const item = /^ {0,3}(?:[-*+]|\d{1,9}[.)])\s+/;

/** What begins a block of its own. */
const begins = [/^#{1,6}\s/, /^```/, item, /^\s*$/];

/** @type {Reader} */
function headingAt(lines, i) {
  const [, marks, text] = /^(#{1,6})\s+(.*?)[\s#]*$/.exec(lines[i]) ?? [];
  return marks ? [{ kind: "heading", level: marks.length, inline: inline(text) }, i + 1] : undefined;
}

/** @type {Reader} */
function codeAt(lines, i) {
  if (!lines[i].startsWith("```")) return undefined;
  const end = lines.findIndex((l, j) => j > i && l.startsWith("```"));
  const last = end < 0 ? lines.length : end;
  return [{ kind: "code", text: lines.slice(i + 1, last).join("\n") }, last + 1];
}

/** @type {Reader} */
function tableAt(lines, i) {
  if (!lines[i].startsWith("|") || !/^\|[\s:|-]+$/.test(lines[i + 1] ?? "")) return undefined;
  let end = i + 2;
  while (lines[end]?.startsWith("|")) end++;
  const cells = (/** @type {string} */ line) => line.replace(/^\||\|\s*$/g, "").split("|").map((c) => inline(c.trim()));
  return [{ kind: "table", head: cells(lines[i]), rows: lines.slice(i + 2, end).map(cells) }, end];
}

/** @type {Reader} */
function listAt(lines, i) {
  if (!item.test(lines[i])) return undefined;
  const ordered = /^\s*\d/.test(lines[i]);
  /** @type {string[]} */
  const items = [];
  let end = i;
  // Indented lines continue the item above.
  for (; end < lines.length; end++) {
    if (item.test(lines[end])) items.push(lines[end].replace(item, "").trim());
    else if (/^\s+\S/.test(lines[end])) items[items.length - 1] = joined(items[items.length - 1], lines[end].trim());
    else break;
  }
  return [{ kind: "list", ordered, items: items.map(inline) }, end];
}

/**
 * @param {string[]} lines
 * @param {number} i
 * @returns {[Block, number]}
 */
function paragraphAt(lines, i) {
  let end = i + 1;
  while (end < lines.length && !begins.some((b) => b.test(lines[end]))) end++;
  return [{ kind: "paragraph", inline: inline(lines.slice(i, end).map((l) => l.trim()).reduce(joined)) }, end];
}

/** The end of a line after which Chinese text has no space, and the start before which it has none. */
const [wide, mark] = [/[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]$/, /[\u3000-\u303f\uff00-\uffef]$/];

/** joined puts two lines of a paragraph together: by a space, but not inside of Chinese text. */
const joined = (/** @type {string} */ a, /** @type {string} */ b) => (mark.test(a) || (wide.test(a) && wide.test(b.charAt(0))) ? a + b : `${a} ${b}`);

/**
 * inline reads the content of a line: code first, so that its text stays as it is.
 * @param {string} text
 * @returns {Inline[]}
 */
export function inline(text) {
  /** @type {Inline[]} */
  const found = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\[\]]+)\]\(([^()\s]+)\)/g;
  let last = 0;
  for (const m of text.matchAll(pattern)) {
    const at = Number(m.index);
    if (at > last) found.push({ kind: "text", text: text.slice(last, at) });
    found.push(pieceOf(m));
    last = at + m[0].length;
  }
  if (last < text.length) found.push({ kind: "text", text: text.slice(last) });
  return found;
}

/**
 * @param {string[]} match
 * @returns {Inline}
 */
function pieceOf([, code, strong, text, href]) {
  if (code !== undefined) return { kind: "code", text: code };
  return strong !== undefined ? { kind: "strong", text: strong } : { kind: "link", text: text.replaceAll("`", ""), href };
}
