// A sparkline: rate, with errors below.

import { attribute, svg } from "./dom.js";
import { areaPath, sparkPath } from "./sparkline.js";

const [width, height] = [160, 36];

/** spark returns an empty sparkline. */
export function spark() {
  const area = svg("path", { class: "fl f1" });
  const lines = ["ln l1 all", "ln l4 failed"].map((name) => svg("path", { class: name }));
  const cut = svg("line", { class: "cut", y1: 0, y2: height, visibility: "hidden" });
  const element = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, role: "img", preserveAspectRatio: "none" }, area, ...lines, cut);
  return {
    element: /** @type {HTMLElement} */ (/** @type {unknown} */ (element)),
    /** @param {string} label for those who do not see it */
    name(label) {
      attribute(element, "aria-label", label);
    },
    /**
     * @param {(number | null)[]} all
     * @param {(number | null)[]} failed
     * @param {number} [at] where a deployment is, from 0 to 1; NaN for none
     */
    update(all, failed, at = NaN) {
      const most = Math.max(...all.map((v) => v ?? 0), 1e-9);
      [all, failed].forEach((values, i) => attribute(lines[i], "d", sparkPath(values, most, width, height)));
      attribute(area, "d", areaPath(all, most, width, height));
      const seen = at >= 0 && at <= 1;
      attribute(cut, "visibility", seen ? "" : "hidden");
      if (seen) for (const x of ["x1", "x2"]) attribute(cut, x, (at * width).toFixed(1));
    },
  };
}
