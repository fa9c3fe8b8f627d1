// What a drag over the heatmap selects: a box of cells, or, along one height, a time range as on any chart. With the
// keyboard: Shift and the arrows.

import { attribute, make, put } from "./dom.js";

/** A drag that is lower than this many pixels is along one height, and a shorter one is a click. */
const [flat, short] = [8, 4];

/** @typedef {{first: number, last: number, bottom: number, top: number}} Cells columns and rows, from the first to the last */

/**
 * heatDrag follows drags over a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {object} on
 * @param {() => {x: number, y: number, width: number, height: number, columns: number, rows: number} | null} on.area where the cells are, in pixels, and how many
 * @param {() => {column: number, row: number}} on.start where a selection with the keyboard begins
 * @param {(first: number, last: number) => void} on.time is called with columns
 * @param {(cells: Cells) => void} on.box
 * @param {() => void} on.click
 * @param {(cells: Cells) => string} on.words what a selection with the keyboard is, for screen readers
 */
export function heatDrag(canvas, on) {
  const brush = make("div", { class: "brushed" });
  const spoken = make("p", { class: "unseen", "aria-live": "polite" });
  brush.hidden = true;
  /** @type {{x: number, y: number} | null} */
  let pressed = null;
  /** @type {{from: [number, number], to: [number, number]} | null} columns and rows of a selection with the keyboard */
  let keyed = null;

  const stop = () => { pressed = keyed = null; brush.hidden = true; };

  /** cellAt is the column and the row at a place, or the nearest. */
  function cellAt(/** @type {number} */ px, /** @type {number} */ py) {
    const { x, y, width, height, columns, rows } = /** @type {NonNullable<ReturnType<typeof on.area>>} */ (on.area());
    const within = (/** @type {number} */ f, /** @type {number} */ n) => Math.min(n - 1, Math.max(0, Math.floor(f * n)));
    return [within((px - x) / width, columns), rows - 1 - within((py - y) / height, rows)];
  }

  /** show draws the brush around cells; of all heights for a time range. */
  function show(/** @type {Cells} */ cells, /** @type {boolean} */ isTime) {
    const area = on.area();
    if (!area) return;
    const place = placeOf(area, cells);
    brush.hidden = false;
    attribute(brush, "class", isTime ? "brushed" : "brushed box");
    Object.assign(brush.style, { left: `${place.x}px`, width: `${place.width}px`, top: isTime ? "" : `${place.y}px`, height: isTime ? "" : `${place.height}px`, bottom: isTime ? "" : "auto" });
  }

  const isTime = (/** @type {PointerEvent} */ event) => Math.abs(event.offsetY - (pressed?.y ?? 0)) < flat;
  const dragged = (/** @type {PointerEvent} */ event) => {
    const [a, b] = [cellAt(pressed?.x ?? 0, pressed?.y ?? 0), cellAt(event.offsetX, event.offsetY)];
    return between(a, b);
  };
  const isClick = (/** @type {PointerEvent} */ event) => Math.abs(event.offsetX - (pressed?.x ?? 0)) < short && isTime(event);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !on.area()) return;
    stop();
    pressed = { x: event.offsetX, y: event.offsetY };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pressed || !on.area()) return;
    if (isClick(event)) brush.hidden = true;
    else show(dragged(event), isTime(event));
  });
  canvas.addEventListener("pointercancel", stop);
  canvas.addEventListener("pointerup", (event) => {
    if (!pressed || !on.area()) return stop();
    const [cells, click, time] = [dragged(event), isClick(event), isTime(event)];
    stop();
    if (click) on.click();
    else if (time) on.time(cells.first, cells.last);
    else on.box(cells);
  });
  canvas.addEventListener("blur", () => { if (keyed) stop(); });

  return {
    brush, spoken,
    /** key uses a key, and reports whether it did. */
    key(/** @type {KeyboardEvent} */ event) {
      const area = on.area();
      if (!area) return false;
      if (event.key === "Escape" && (pressed || keyed)) return stop(), true;
      if (event.key === "Enter" && keyed) {
        const cells = between(keyed.from, keyed.to);
        return stop(), on.box(cells), true;
      }
      const move = event.shiftKey && { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!move) return false;
      const { column, row } = on.start();
      keyed ??= { from: [column, row], to: [column, row] };
      const most = [area.columns - 1, area.rows - 1];
      keyed.to = /** @type {[number, number]} */ (keyed.to.map((n, i) => Math.min(most[i], Math.max(0, n + move[i]))));
      const cells = between(keyed.from, keyed.to);
      show(cells, false);
      put(spoken, on.words(cells));
      return true;
    },
  };
}

/** between are the cells between two. */
const between = (/** @type {number[]} */ a, /** @type {number[]} */ b) =>
  ({ first: Math.min(a[0], b[0]), last: Math.max(a[0], b[0]), bottom: Math.min(a[1], b[1]), top: Math.max(a[1], b[1]) });

/**
 * placeOf is where cells are, in pixels.
 * @param {{x: number, y: number, width: number, height: number, columns: number, rows: number}} area
 * @param {Cells} cells
 */
export function placeOf({ x, y, width, height, columns, rows }, { first, last, bottom, top }) {
  const [w, tall] = [width / columns, height / rows];
  return { x: x + first * w, y: y + (rows - 1 - top) * tall, width: (last - first + 1) * w, height: (top - bottom + 1) * tall };
}
