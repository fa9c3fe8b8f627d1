// As much of Markdown as the pages of alerts use. Pure.

/**
 * An Inline is a piece of a line.
 * @typedef {{kind: "text" | "code" | "strong", text: string} | {kind: "link", text: string, href: string}} Inline
 *
 * A Block is a heading, a paragraph, a list, or code.
 * @typedef {{kind: "heading", level: number, inline: Inline[]} | {kind: "paragraph", inline: Inline[]} | {kind: "list", ordered: boolean, items: Inline[][]} | {kind: "code", text: string}} Block
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
    const [block, next] = blockAt(lines, i);
    if (block) found.push(block);
    i = next;
  }
  return found;
}

/** What begins a block of its own. */
const begins = /^(#{1,6} |```|[-*] |\d+\. |\s*$)/;

/**
 * blockAt reads the block that begins at a line, and says where the next one does.
 * @param {string[]} lines
 * @param {number} i
 * @returns {[Block | null, number]}
 */
function blockAt(lines, i) {
  const line = lines[i];
  const heading = /^(#{1,6}) +(.*?)\s*#*$/.exec(line);
  if (heading) return [{ kind: "heading", level: heading[1].length, inline: inline(heading[2]) }, i + 1];
  if (line.startsWith("```")) {
    const end = lines.findIndex((l, j) => j > i && l.startsWith("```"));
    const last = end < 0 ? lines.length : end;
    return [{ kind: "code", text: lines.slice(i + 1, last).join("\n") }, last + 1];
  }
  const item = /^([-*]|\d+\.) /;
  if (item.test(line)) return listAt(lines, i, item);
  if (line.trim() === "") return [null, i + 1];
  let end = i + 1;
  while (end < lines.length && !begins.test(lines[end])) end++;
  return [{ kind: "paragraph", inline: inline(lines.slice(i, end).map((l) => l.trim()).join(" ")) }, end];
}

/**
 * listAt reads items, each with the lines that go on with it.
 * @param {string[]} lines
 * @param {number} i
 * @param {RegExp} item
 * @returns {[Block, number]}
 */
function listAt(lines, i, item) {
  const ordered = /^\d/.test(lines[i]);
  /** @type {string[]} */
  const items = [];
  for (; i < lines.length; i++) {
    if (item.test(lines[i])) items.push(lines[i].replace(item, "").trim());
    else if (/^\s+\S/.test(lines[i])) items[items.length - 1] += ` ${lines[i].trim()}`;
    else break;
  }
  return [{ kind: "list", ordered, items: items.map(inline) }, i];
}

/**
 * inline reads what is inside of a line.
 * @param {string} text
 * @returns {Inline[]}
 */
export function inline(text) {
  /** @type {Inline[]} */
  const found = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)/g;
  let last = 0;
  for (const m of text.matchAll(pattern)) {
    const at = Number(m.index);
    if (at > last) found.push({ kind: "text", text: text.slice(last, at) });
    if (m[1] !== undefined) found.push({ kind: "code", text: m[1] });
    else if (m[2] !== undefined) found.push({ kind: "strong", text: m[2] });
    else found.push({ kind: "link", text: m[3], href: m[4] });
    last = at + m[0].length;
  }
  if (last < text.length) found.push({ kind: "text", text: text.slice(last) });
  return found;
}
