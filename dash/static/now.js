// What every screen is given to show. Types only, and how a screen asks.

import { gridOf } from "./range.js";
import { numberOf } from "./sample.js";

/**
 * @typedef {object} Config the handler's options
 * @property {string} title
 * @property {string} hint
 * @property {string} apiPath
 * @property {string} batchPath
 * @property {string} annotationsPath
 * @property {string} traceURL where traces are shown, with {trace_id} in it
 * @property {boolean} arguments the targets were typed as arguments, not written in a prometheus.yml
 * @property {import("./names.js").Names[]} schemas
 *
 * @typedef {object} Now
 * @property {import("./view.js").View} view
 * @property {number} at the moment of all numbers, in seconds since the epoch
 * @property {{from: number, to: number}} edges of the chosen span, on multiples of the step
 * @property {number} step
 * @property {number} every seconds between two evaluations of the rules, or two scrapes
 * @property {import("./queries.js").Source} source
 * @property {import("./model.js").Service[]} services the worst first
 * @property {import("./alerts.js").Alert[] | null} alerts active ones, as the API lists them; null if it does not
 * @property {import("./api.js").ListedTarget[] | null} targets those that are scraped, where they explain something
 * @property {Config} config
 * @property {() => void} refresh asks at once for what has become missing
 * @property {(question: import("./desk.js").Question) => import("./desk.js").Answer | undefined} ask
 *
 * @typedef {(change: (view: import("./view.js").View) => import("./view.js").View) => void} ChangeView
 */

/** settingOf is where the reader named the targets, as the table of causes calls it. */
export const settingOf = (/** @type {Config} */ config) => (config.arguments ? "arguments" : "config");

/**
 * samplesOf asks what an expression is now: undefined while that is not known, and
 * none where the question went wrong.
 * @param {Now} now
 * @param {string | undefined} expr
 * @returns {import("./model.js").Sample[] | undefined}
 */
export function samplesOf(now, expr) {
  if (!expr) return [];
  const answer = now.ask({ expr, at: now.at });
  return answer && (answer.value?.samples ?? []);
}

/**
 * rangeOf asks what an expression was over the span.
 * @param {Now} now
 * @param {string} expr
 * @param {number} [shift] seconds earlier
 */
export const rangeOf = (now, expr, shift = 0) =>
  now.ask({ expr, from: now.edges.from - shift, to: now.edges.to - shift, step: now.step });

/**
 * Where there is nothing to draw.
 * @param {Now} now
 */
export const nothingOver = (now) => ({ start: now.edges.from, step: now.step, count: Math.round((now.edges.to - now.edges.from) / now.step) + 1, series: [] });

/**
 * gridAt is the grid of a view's charts at a moment.
 * @param {import("./view.js").View} view
 * @param {number} at
 * @param {number} every
 */
export function gridAt(view, at, every) {
  return gridOf(view.span, at, every);
}

/**
 * byPart puts samples of a union into a map of maps: part → label's value → number.
 * @param {import("./model.js").Sample[]} samples
 * @param {string} label
 * @returns {Map<string, Record<string, number>>} label's value → part → number
 */
export function byPart(samples, label) {
  const found = new Map();
  for (const { metric, value } of samples) {
    const key = metric[label] ?? "";
    if (!found.has(key)) found.set(key, {});
    found.get(key)[metric.part] = numberOf(value[1]);
  }
  return found;
}
