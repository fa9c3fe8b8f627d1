// Icons of the sprite in index.html, and the shapes of states: each has its own, so that none is told by
// its color alone.

import { attribute, make, put, svg } from "./dom.js";
import { say } from "./messages.js";

/**
 * icon is one of the sprite's symbols; it says nothing to screen readers.
 * @param {string} name
 * @param {string} [more] classes
 */
export const icon = (name, more = "") => svg("svg", { class: `i ${more}`.trim(), "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));

/** The shape and the tone of each state of a service, a route or a target. */
const shapes = /** @type {Record<string, [string, string]>} */ ({
  errors: ["bad", "bad"], slow: ["warn", "warn"], down: ["off", "bad"], warning: ["bell", "warn"],
  healthy: ["well", "good"], idle: ["idle", "idle"], noData: ["idle", "idle"], pending: ["wait", "idle"], deploy: ["deploy", "deploy"],
});

/**
 * toneOf is how a state is colored: bad, warn, good, idle or deploy.
 * @param {string} state
 */
export const toneOf = (state) => (shapes[state] ?? shapes.idle)[1];

/**
 * stateIcon is the shape of a state, which can change.
 * @param {string} [more] classes
 */
export function stateIcon(more = "") {
  const use = svg("use");
  const element = svg("svg", { class: "i", "aria-hidden": "true" }, use);
  return {
    element,
    update(/** @type {string} */ state) {
      const [shape, tone] = shapes[state] ?? shapes.idle;
      attribute(use, "href", `#i-${shape}`);
      attribute(element, "class", `i st is-${tone} ${more}`.trim());
    },
  };
}

/** pill is a state as its shape and its name. */
export function pill() {
  const use = svg("use");
  const text = make("span");
  const element = make("span", { class: "pill" }, svg("svg", { class: "i", "aria-hidden": "true" }, use), text);
  return {
    element,
    update(/** @type {string} */ state, words = say(state)) {
      const [shape, tone] = shapes[state] ?? shapes.idle;
      attribute(use, "href", `#i-${shape}`);
      attribute(element, "class", `pill ${tone}`);
      put(text, words);
    },
  };
}

/** logo is tacho's: an open dial with a red end, and its needle. */
export const logo = () => svg("svg", { class: "logo", viewBox: "0 0 32 32", "aria-hidden": "true" },
  svg("g", { fill: "none", "stroke-linecap": "round" },
    svg("path", { class: "dial", d: "M7.5 24.5A12 12 0 0 1 20.6 4.9", "stroke-width": 3 }),
    svg("path", { class: "red", d: "M25.2 8.5A12 12 0 0 1 24.5 24.5", "stroke-width": 3 }),
    svg("path", { class: "needle", d: "M16 16.4 21 9.6", "stroke-width": 2.8 })),
  svg("circle", { class: "hub", cx: 16, cy: 16.4, r: 2.5 }));
