// A table of any length: only the visible rows are in the document.

import { attribute, list, make, svg } from "./dom.js";
import { windowOf } from "./window.js";

/** Rows beyond what can be seen, above and below. */
const margin = 15;

/** The height of a row before one is there, in pixels: all are alike while only some are in the document. */
const usualHeight = 32;

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
  // Sizes of the last measurement: measuring forces a layout of the page, so it is done once
  // per frame and not at each update.
  let [top, height] = [0, usualHeight];

  function measure() {
    height = body.firstElementChild?.getBoundingClientRect().height || usualHeight;
    top = -body.getBoundingClientRect().top + from * height;
  }

  function draw() {
    const all = items.length <= few;
    table.classList.toggle("windowed", !all);
    const part = all ? { from: 0, to: items.length } : windowOf({ top, view: innerHeight, row: height, rows: items.length, margin });
    from = part.from;
    above.set(part.from * height);
    below.set((items.length - part.to) * height);
    list(body, items.slice(part.from, part.to), newRow);
    [...body.children].forEach((row, i) => attribute(row, "aria-rowindex", String(part.from + i + 2)));
    attribute(table, "aria-rowcount", String(items.length + 1));
  }

  /** focus goes to a row's button, wherever the row is. */
  function focus(/** @type {number} */ index) {
    const at = Math.min(items.length - 1, Math.max(0, index));
    if (at < from || at >= from + body.children.length) {
      measure();
      scrollBy(0, body.getBoundingClientRect().top + (at - from) * height - innerHeight / 2);
      measure();
      draw();
    }
    const button = /** @type {HTMLElement | null} */ (body.children[at - from]?.querySelector("button"));
    button?.focus();
  }

  body.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(innerHeight / height) - 1);
    const move = /** @type {Record<string, number>} */ ({ ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity })[event.key];
    const row = /** @type {Element} */ (event.target).closest("tr");
    if (!move || !row || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    focus(from + [...body.children].indexOf(row) + move);
  });
  const soon = () => {
    if (waiting || items.length <= few) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      measure();
      draw();
    });
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon, { passive: true });

  return {
    /** @param {T[]} now */
    update(now) {
      items = now;
      draw();
      soon();
    },
  };
}

/** space is the placeholder of rows that are not rendered. */
function space() {
  const size = svg("svg", { width: 0, height: 0 });
  const cell = make("td", { colspan: "99" }, size);
  const element = make("tbody", { class: "space", "aria-hidden": "true" }, make("tr", {}, cell));
  const it = {
    element, height: NaN,
    set(/** @type {number} */ height) {
      if (height === it.height) return;
      it.height = height;
      element.hidden = height <= 0;
      attribute(size, "height", String(Math.max(0, height)));
    },
  };
  return it;
}
