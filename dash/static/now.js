// What every screen is given to show, and how it queries for more.

import { gridOf } from "./range.js";
import { numberOf } from "./sample.js";

/**
 * @typedef {object} Config the handler's options
 * @property {string} title
 * @property {string} hint
 * @property {string} [hintChinese] the hint, if the language is Chinese
 * @property {string} apiPath
 * @property {string} batchPath
 * @property {string} traceURL where traces are shown, with {trace_id} in it
 * @property {string} verdictPath of the server's verdict, "" for none
 * @property {boolean} demo the numbers are made up
 * @property {number} span seconds that are shown at first, 0 for what suits the data
 * @property {string} version of the server, "" if it is not tacho's
 * @property {boolean} arguments the targets were typed as arguments, not written in a prometheus.yml
 * @property {import("./names.js").Names[]} schemas
 * @property {import("./verdict.js").Source} [source] the engine that answers, once the verdict has said so
 *
 * @typedef {object} Now
 * @property {import("./view.js").View} view
 * @property {number} at evaluation time of all numbers, in seconds since the epoch
 * @property {{from: number, to: number}} edges of the selected time range, multiples of the step
 * @property {number} step
 * @property {number} every seconds between two evaluations of the rules, or two scrapes
 * @property {import("./queries.js").Source} source
 * @property {import("./model.js").Service[]} services the worst first
 * @property {import("./alerts.js").Alert[] | null} alerts active alerts as the API lists them; null if it does not
 * @property {import("./api.js").ListedTarget[] | null} targets scraped targets, where they explain something
 * @property {boolean} stale the numbers are too old to be the present
 * @property {{since: number, until: number} | null} incident what is wrong, or was until an hour ago
 * @property {Config} config
 * @property {() => void} refresh updates the screens at once, with the queries that are now missing
 * @property {() => void} more the same, unless an update is going on: its next round of queries has them
 * @property {(query: import("./cache.js").Query) => import("./cache.js").Result | undefined} query its result, undefined until there is one
 *
 * @typedef {(change: (view: import("./view.js").View) => import("./view.js").View) => void} ChangeView
 */

/** settingOf is where the reader named the targets, as the table of causes calls it. */
export const settingOf = (/** @type {Config} */ config) => (config.arguments ? "arguments" : "config");

/**
 * samplesOf evaluates an expression now: undefined until there is a result, no samples
 * if the query fails.
 * @param {Now} now
 * @param {string | undefined} expr
 * @returns {import("./model.js").Sample[] | undefined}
 */
export function samplesOf(now, expr) {
  if (!expr) return [];
  const answer = now.query({ expr, at: now.at });
  return answer && (answer.value?.samples ?? []);
}

/**
 * rangeOf evaluates an expression over the time range.
 * @param {Now} now
 * @param {string} expr
 * @param {number} [shift] seconds earlier
 */
export const rangeOf = (now, expr, shift = 0) =>
  now.query({ expr, from: now.edges.from - shift, to: now.edges.to - shift, step: now.step });

/**
 * nothingOver is a range result without series.
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
 * byPart groups the samples of a union by a label.
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
