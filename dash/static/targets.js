// The targets of the API, by job. Pure.

import { secondsOf } from "./duration.js";

/**
 * A Target is a target and its last scrape.
 * @typedef {object} Target
 * @property {string} key
 * @property {string} job
 * @property {string} instance
 * @property {Record<string, string>} labels the others
 * @property {string} url
 * @property {string} health up, down or unknown
 * @property {string} error
 * @property {number} at seconds since the epoch; NaN before the first
 * @property {number} took seconds
 * @property {number} interval seconds; NaN if unknown
 * @property {number} timeout seconds; NaN if unknown
 * @property {boolean} slow the scrape takes most of its timeout
 */

/** The share of its timeout from which on a scrape is slow. */
export const nearly = 0.8;

/**
 * targetsOf reads the API's list: down targets first, then slow ones.
 * @param {import("./api.js").ListedTarget[]} list
 * @returns {Target[]}
 */
export function targetsOf(list) {
  const rank = (/** @type {Target} */ t) => (t.health === "down" ? 0 : t.slow ? 1 : t.health === "unknown" ? 2 : 3);
  return list.map(targetOf).sort((a, b) => rank(a) - rank(b) || compare(a.job, b.job) || compare(a.instance, b.instance) || compare(a.key, b.key));
}

/** @returns {Target} */
function targetOf(/** @type {import("./api.js").ListedTarget} */ t) {
  const { job = "", instance = "", ...labels } = t.labels ?? {};
  const [took, timeout, at] = [Number(t.lastScrapeDuration), secondsOf(t.scrapeTimeout ?? ""), Date.parse(t.lastScrape) / 1000];
  const health = ["up", "down"].includes(t.health) ? t.health : "unknown";
  return {
    key: JSON.stringify([t.scrapePool ?? "", job, instance, t.scrapeUrl ?? ""]), job, instance, labels, url: t.scrapeUrl ?? "", health, error: t.lastError ?? "",
    at: at > 0 ? at : NaN, took, interval: secondsOf(t.scrapeInterval ?? ""), timeout, slow: health === "up" && took > nearly * timeout,
  };
}

const compare = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * matches reports that a target contains all words of a filter.
 * @param {Target} t
 * @param {string} filter
 */
export function matches(t, filter) {
  const text = [t.job, t.instance, t.url, t.health, t.error, ...Object.values(t.labels)].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/**
 * A Job is the shown targets of a job, in order, and the counts of all by state.
 * @typedef {{key: string, job: string, up: number, down: number, unknown: number, targets: Target[]}} Job
 */

/**
 * jobsOf groups targets by job, up to a maximum.
 * @param {Target[]} targets as targetsOf returns them
 * @param {number} most
 * @returns {Job[]} that of the worst target first
 */
export function jobsOf(targets, most) {
  /** @type {Map<string, Job>} */
  const found = new Map();
  targets.forEach((t, i) => {
    const job = found.get(t.job) ?? { key: t.job, job: t.job, up: 0, down: 0, unknown: 0, targets: [] };
    found.set(t.job, job);
    job[/** @type {"up" | "down" | "unknown"} */ (t.health)]++;
    if (i < most) job.targets.push(t);
  });
  return [...found.values()].filter((j) => j.targets.length > 0);
}

/**
 * downFrom is since when a target has been down, exact to the step, in seconds since the epoch; NaN if it was
 * never up in the time range.
 * @param {(number | null)[]} ups whether it was up, point by point
 * @param {number} start of the range
 * @param {number} step
 */
export function downFrom(ups, start, step) {
  const last = ups.lastIndexOf(1);
  return last >= 0 && ups[last + 1] === 0 ? start + (last + 1) * step : NaN;
}
