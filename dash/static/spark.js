// A sparkline: rate, with errors below.

import { attribute } from "./dom.js";
import { sparkPath } from "./sparkline.js";

const space = /** @type {const} */ ("http://www.w3.org/2000/svg");
const [width, height] = [160, 36];

/** spark returns an empty sparkline. */
export function spark() {
  const element = document.createElementNS(space, "svg");
  attribute(element, "viewBox", `0 0 ${width} ${height}`);
  attribute(element, "class", "spark");
  attribute(element, "role", "img");
  attribute(element, "preserveAspectRatio", "none");
  const paths = ["all", "failed"].map((name) => {
    const path = document.createElementNS(space, "path");
    attribute(path, "class", name);
    element.append(path);
    return path;
  });
  return {
    element: /** @type {HTMLElement} */ (/** @type {unknown} */ (element)),
    /** @param {string} label for those who do not see it */
    name(label) {
      attribute(element, "aria-label", label);
    },
    /**
     * @param {(number | null)[]} all
     * @param {(number | null)[]} failed
     */
    update(all, failed) {
      const most = Math.max(...all.map((v) => v ?? 0), 1e-9);
      [all, failed].forEach((values, i) => attribute(paths[i], "d", sparkPath(values, most, width, height)));
    },
  };
}
