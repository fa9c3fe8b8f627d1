// A table of any length: only the rows that can be seen are in the document.

import { attribute, list, make } from "./dom.js";
import { windowOf } from "./window.js";

/** Rows beyond what can be seen, above and below. */
const margin = 15;

/**
 * scrolling fills a table's body with rows.
 * @template {{key: string}} T
 * @param {HTMLElement} table
 * @param {HTMLElement} body
 * @param {(item: T) => {element: HTMLElement, update: (item: T) => void}} newRow
 * @param {number} [few] up to here all rows are in the document: the browser's own search finds them
 */
export function scrolling(table, body, newRow, few = 100) {
  const [above, below] = [space(), space()];
  body.before(above.element);
  body.after(below.element);
  /** @type {T[]} */
  let items = [];
  let from = 0;
  let waiting = false;

  function draw() {
    waiting = false;
    const all = items.length <= few;
    table.classList.toggle("windowed", !all);
    const height = rowHeight();
    const top = -body.getBoundingClientRect().top + from * height;
    const part = all ? { from: 0, to: items.length } : windowOf({ top, view: innerHeight, row: height, rows: items.length, margin });
    from = part.from;
    above.set(part.from * height);
    below.set((items.length - part.to) * height);
    list(body, items.slice(part.from, part.to), newRow);
    [...body.children].forEach((row, i) => attribute(row, "aria-rowindex", String(part.from + i + 2)));
    attribute(table, "aria-rowcount", String(items.length + 1));
  }

  /** The height of a row: all are alike while only some are in the document. */
  function rowHeight() {
    return body.firstElementChild?.getBoundingClientRect().height || 32;
  }

  /** focus goes to a row's button, wherever the row is. */
  function focus(/** @type {number} */ index) {
    const at = Math.min(items.length - 1, Math.max(0, index));
    if (at < from || at >= from + body.children.length) {
      scrollBy(0, body.getBoundingClientRect().top + (at - from) * rowHeight() - innerHeight / 2);
      draw();
    }
    const button = /** @type {HTMLElement | null} */ (body.children[at - from]?.querySelector("button"));
    button?.focus();
  }

  body.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(innerHeight / rowHeight()) - 1);
    const move = /** @type {Record<string, number>} */ ({ ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity })[event.key];
    const row = /** @type {Element} */ (event.target).closest("tr");
    if (!move || !row || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    focus(from + [...body.children].indexOf(row) + move);
  });
  const soon = () => {
    if (waiting || items.length <= few) return;
    waiting = true;
    requestAnimationFrame(draw);
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon, { passive: true });

  return {
    /** @param {T[]} now */
    update(now) {
      items = now;
      draw();
      // The first rows have told how tall a row is.
      if (items.length > few && from === 0 && above.height !== 0) draw();
    },
  };
}

/** space stands for rows that are not there. */
function space() {
  const cell = make("td", { colspan: "99" });
  const element = make("tbody", { class: "space", "aria-hidden": "true" }, make("tr", {}, cell));
  const it = {
    element, height: NaN,
    set(/** @type {number} */ height) {
      if (height === it.height) return;
      it.height = height;
      element.hidden = height <= 0;
      cell.style.height = `${height}px`;
    },
  };
  return it;
}
