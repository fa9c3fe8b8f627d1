// The lines of a chart: what they are called, how they look, and how their values are written.

import { svg } from "./dom.js";
import { bytes, count, latency, nothing, number, rate, ratio, shorten, time, visible } from "./format.js";
import { say } from "./messages.js";
import { stack } from "./panels.js";

/**
 * How the numbers of a unit are written.
 * @type {Record<string, (n: number) => string>}
 */
const writers = { rate, ratio, latency, count, number, bytes };

/** @param {string} unit */
export const writerOf = (unit) => writers[unit];

/** @param {string} unit @param {number | null | undefined} n */
export const written = (unit, n) => (n === null || n === undefined ? nothing : writers[unit](n));

/**
 * bounded writes a quantile, which can be only a bound, and says what that means.
 * @param {number} seconds
 * @param {{firstBound: number, lastBound: number}} buckets
 * @returns {[string, string]}
 */
export function bounded(seconds, { firstBound, lastBound }) {
  if (seconds >= lastBound) return [say("beyond", { latency: latency(seconds) }), say("beyondMeans")];
  return seconds < firstBound ? [say("within", { latency: latency(firstBound) }), say("withinMeans")] : [latency(seconds), ""];
}

/** @typedef {{color: string, dash: number[], width: number}} LineStyle color is a CSS variable */

/** Dashes tell lines apart without colors. */
const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/**
 * The looks of lines by name: color, dash and width.
 * @type {Record<string, [string, number[], number?]>}
 */
const styles = {
  "1xx": ["--c5", []], "2xx": ["--c1", []], "3xx": ["--c2", []], "4xx": ["--c3", []], "5xx": ["--c4", []],
  before: ["--text-3", [4, 3], 1.2], limit: ["--text-3", [8, 4]],
  "0.5": ["--q50", []], "0.95": ["--q95", [], 2], "0.99": ["--q99", [2, 3]],
  cpu: ["--c1", []], memory: ["--c7", dashes[1]], fds: ["--c2", dashes[2]], pool: ["--c8", dashes[3]],
};

/** The order in which lines without a look of their own get their colors: those of states come last. */
const order = [1, 2, 8, 7, 5, 6, 3, 4];

/**
 * lineStyle is how a line looks.
 * @param {string} name
 * @param {number} i its place
 * @returns {LineStyle}
 */
export function lineStyle(name, i) {
  const [variable, dash, width = 1.6] = Object.hasOwn(styles, name) ? styles[name] : [`--c${order[i % order.length]}`, dashes[i % dashes.length]];
  return { color: variable, dash, width };
}

/** styleOf is the look of a line of a chart: red is only for errors that there are. */
export function styleOf(/** @type {Shown} */ now, /** @type {number} */ i) {
  const style = lineStyle(now.names[i], i);
  return now.names[i] === "5xx" && now.values[i].every((v) => !v) ? { ...style, color: "--c7" } : style;
}

/** colorOf is the CSS variable of a line's color. */
export const colorOf = (/** @type {string} */ name, /** @type {number} */ i) => lineStyle(name, i).color;

/**
 * What a chart shows.
 * @typedef {object} Shown
 * @property {string} id
 * @property {string} unit
 * @property {string} expr
 * @property {boolean} stacked
 * @property {string[]} names
 * @property {number[]} times
 * @property {(number | null)[][]} values
 * @property {(number | null)[][]} drawn values, or their sums if stacked
 */

/**
 * shownOf converts a panel's lines to a chart's content.
 * @param {import("./panels.js").Panel} panel
 * @param {{times: number[], names: string[], values: (number | null)[][]}} lines
 * @param {(number | null)[] | null} [before] a line of the previous range
 * @returns {Shown}
 */
export function shownOf(panel, { times, names, values }, before = null) {
  const stacked = Boolean(panel.stacked);
  // No chart reaches further. Most columns have nothing else, and are not copied.
  const finite = values.map((column) => (column.every((v) => v === null || Number.isFinite(v)) ? column : column.map((v) => (Number.isFinite(v) ? v : null))));
  const drawn = stacked ? stack(finite) : finite;
  const more = before ? [times.map((_, i) => before[i] ?? null)] : [];
  return {
    id: panel.id, unit: panel.unit, expr: panel.expr, stacked, times, names: before ? [...names, "before"] : names,
    values: [...values, ...more], drawn: [...drawn, ...more],
  };
}

/** The resources of saturation in names.js. */
const resources = ["cpu", "memory", "fds", "pool"];

/** resourceName is what a resource is called; any other text stays. */
export const resourceName = (/** @type {string} */ name) => (resources.includes(name) ? say(`resource${name[0].toUpperCase()}${name.slice(1)}`) : visible(name));

/** nameOf is the displayed name of a line. */
export function nameOf(/** @type {Shown} */ now, /** @type {number} */ i) {
  const name = now.names[i];
  if (name === "before") return say("before");
  if (now.id === "whyFired" && name === "limit") return say("limit");
  if (now.id === "chartLatency") return `p${Number(name) * 100}`;
  if (now.id === "chartSaturation") return resourceName(name);
  return name === "other" ? say("otherClass") : shorten(visible(name), 120);
}

/** signOf is a piece of a line, for a key. */
export function signOf(/** @type {Shown} */ now, /** @type {number} */ i) {
  const { color, dash, width } = styleOf(now, i);
  return signIn(color, now.stacked && now.names[i] !== "before" ? [] : dash, width > 1.8 ? 3 : 2.4);
}

/** signIn is a piece of a line in a color. */
export function signIn(/** @type {string} */ color, /** @type {number[]} */ dash = [], width = 2.4) {
  const path = svg("path", { class: color === "--text-3" ? "lbefore" : color.replace("--c", "l").replace("--q", "lq"), d: "M0 4h12", fill: "none", "stroke-width": width });
  if (dash.length) path.setAttribute("stroke-dasharray", dash.join(" "));
  return svg("svg", { class: "key", viewBox: "0 0 12 8", "aria-hidden": "true" }, path);
}

/** pointText lists the values of all lines at one time. */
export function pointText(/** @type {Shown} */ now, /** @type {number} */ at) {
  const moment = time(new Date(now.times[at] * 1000), new Date());
  return `${moment} ${now.values.map((column, i) => `${nameOf(now, i)} ${written(now.unit, column[at])}`).join(", ")}`;
}
