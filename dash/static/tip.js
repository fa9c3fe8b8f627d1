// What a chart says beside the pointer: the time, its distance from the start of the incident, and the
// values of all lines.

import { list, make, put } from "./dom.js";
import { age, time } from "./format.js";
import { say } from "./messages.js";

/** Lines that are listed. */
const most = 12;

/**
 * A TipLine is a line's key, name and value; what is only text has no key.
 * @typedef {{key: string, sign?: () => Element, name: string, value: string}} TipLine
 */

/** tip returns an empty one, hidden. */
export function tip() {
  const when = make("b");
  const distance = make("span");
  const lines = make("ul");
  const element = make("div", { class: "tip", "aria-hidden": "true" }, make("p", { class: "t" }, when, distance), lines);
  element.hidden = true;
  return {
    element,
    /**
     * show puts it beside a place in its parent.
     * @param {number} at seconds since the epoch
     * @param {TipLine[]} all
     * @param {{x: number, begun: number}} place pixels from the left; when the incident began, or 0
     */
    show(at, all, { x, begun }) {
      put(when, time(new Date(at * 1000), new Date()));
      put(distance, begun ? say(at >= begun ? "afterStart" : "beforeStart", { age: age(Math.abs(at - begun)) }) : "");
      list(lines, all.slice(0, most), lineView);
      element.hidden = false;
      const room = /** @type {HTMLElement} */ (element.parentElement).clientWidth;
      const width = element.offsetWidth;
      const left = x > room / 2 ? x - width - 12 : x + 12;
      element.style.transform = `translate(${Math.round(Math.max(4 - width / 2, Math.min(left, room - width / 2)))}px, 8px)`;
    },
    hide() { element.hidden = true; },
  };
}

function lineView(/** @type {TipLine} */ { sign }) {
  const name = make("span");
  const value = make("b");
  return {
    element: make("li", {}, ...(sign ? [sign()] : []), name, value),
    update(/** @type {TipLine} */ line) {
      put(name, line.name);
      put(value, line.value);
    },
  };
}
