// Bars beside numbers: their width is SVG geometry, no style, and prints.

import { attribute, make, put, svg } from "./dom.js";

/** percentOf is a share from 0 to 1 as a length. */
export const percentOf = (/** @type {number} */ f) => `${Math.round(f * 1000) / 10}%`;

/** track is a bar. */
export function track(more = "") {
  const value = svg("rect", { class: "v", width: "0%", height: "100%" });
  return {
    element: svg("svg", { class: `track ${more}`.trim(), "aria-hidden": "true" }, value),
    /** A share from 0 to 1; what is not 0 is seen. */
    update(/** @type {number} */ share, tone = "calm") {
      const f = Number.isFinite(share) ? Math.min(1, Math.max(share > 0 ? 0.03 : 0, share)) : 0;
      attribute(value, "width", percentOf(f));
      attribute(value, "class", `v ${tone}`.trim());
    },
  };
}

/** meter is a bar with its number. */
export function meter() {
  const bar = track();
  const text = make("span");
  return {
    element: make("span", { class: "meter" }, bar.element, text),
    update(/** @type {number} */ share, /** @type {string} */ words, tone = "calm") {
      bar.update(share, tone);
      put(text, words);
    },
  };
}
