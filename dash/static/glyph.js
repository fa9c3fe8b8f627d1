// Small graphics of numbers: bars, and latencies on one logarithmic axis.

import { attribute, make, put, svg } from "./dom.js";
import { placeOnAxis, widthOf } from "./geometry.js";

/**
 * track is a bar whose length is a share.
 * @param {string} tone of the sheet: bad, warn, calm, rest or "" for the first color
 * @param {string} [more] classes
 */
export function track(tone, more = "") {
  const rect = svg("rect", { class: `v ${tone}`.trim(), height: "100%", width: "0%" });
  const element = svg("svg", { class: `track ${more}`.trim(), "aria-hidden": "true" }, rect);
  return {
    element,
    /** @param {number} share from 0 to 1 */
    update(share) {
      attribute(rect, "width", widthOf(share));
    },
  };
}

/**
 * meter is a number with its bar.
 * @param {string} tone
 * @param {HTMLElement} number the element that has the number
 */
export function meter(tone, number) {
  const bar = track(tone);
  return {
    element: make("span", { class: "meter" }, bar.element, number),
    update(/** @type {number} */ share, /** @type {string} */ text) {
      bar.update(share);
      put(number, text);
    },
  };
}

/**
 * latencyGlyph is a route's latency on an axis that is the same in every row: a bar from p50 to p99, a dot for p95, a
 * ring for p95 before, and dashes for the limit.
 */
export function latencyGlyph() {
  const limit = svg("line", { class: "lim", y2: "100%" });
  const bar = svg("line", { class: "rng", y1: "50%", y2: "50%" });
  const ring = svg("circle", { class: "was", r: 3.6, cy: "50%" });
  const dot = svg("circle", { class: "p95", r: 4, cy: "50%" });
  const element = svg("svg", { class: "span", "aria-hidden": "true" }, svg("line", { class: "ax", x2: "100%", y1: "50%", y2: "50%" }), limit, bar, ring, dot);
  const parts = /** @type {[SVGElement, string[]][]} */ ([[limit, ["x1", "x2"]], [ring, ["cx"]], [dot, ["cx"]]]);
  return {
    element,
    /** @param {{p50: number, p95: number, p99: number, before: number, limit: number}} _ in seconds; NaN for what is unknown */
    update({ p50, p95, p99, before, limit: most }) {
      attribute(element, "class", p95 >= most ? "span warn" : "span");
      [most, before, p95].forEach((value, i) => place(...parts[i], value));
      place(bar, ["x1"], p50);
      place(bar, ["x2"], p99);
      show(bar, Number.isFinite(p50) && Number.isFinite(p99));
    },
  };
}

/** place puts a mark where its value is; one without a value is not drawn. */
function place(/** @type {SVGElement} */ mark, /** @type {string[]} */ names, /** @type {number} */ value) {
  show(mark, Number.isFinite(value));
  if (Number.isFinite(value)) for (const name of names) attribute(mark, name, placeOnAxis(value));
}

const show = (/** @type {SVGElement} */ mark, /** @type {boolean} */ shown) => attribute(mark, "visibility", shown ? "" : "hidden");
