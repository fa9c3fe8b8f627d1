// Time by route, and instances that differ. Pure.

import { byPart } from "./now.js";

/**
 * busiest are the routes by their share of the service's time. By Little's law, request
 * seconds per second are the mean concurrency.
 * @param {import("./changes.js").Change[]} changes
 */
export const busiest = (changes) => changes.filter((c) => c.time > 0).sort((a, b) => b.time - a.time);

/**
 * An Instance is one process of a service, as it was scraped.
 * @typedef {object} Instance
 * @property {string} name
 * @property {boolean} up
 * @property {number} rate
 * @property {number} errorRatio
 * @property {number} mean seconds
 * @property {number} busy mean concurrency
 * @property {number} started seconds since the epoch
 * @property {number} cpu cores
 * @property {number} memory bytes
 * @property {string[]} differs names of the numbers that are far from the other instances'
 */

/**
 * instances reads the numbers of each instance; those that differ come first.
 * @param {import("./model.js").Sample[]} samples of ofInstances in names.js
 * @returns {Instance[]}
 */
export function instances(samples) {
  const all = [...byPart(samples, "instance")].map(([name, n]) => ({
    name, up: n.up !== 0, rate: n.rate ?? NaN, errorRatio: (n.errors ?? (n.withStatus === undefined ? NaN : 0)) / n.rate, mean: n.seconds / n.count, busy: n.seconds ?? NaN,
    started: n.started ?? NaN, cpu: n.cpu ?? NaN, memory: n.memory ?? NaN, differs: /** @type {string[]} */ ([]),
  }));
  for (const [id, least] of limits) {
    const values = all.map((i) => /** @type {any} */ (i)[id]).filter(Number.isFinite);
    for (const i of all) if (isFar(/** @type {any} */ (i)[id], values, least)) i.differs.push(id);
  }
  return all.sort((a, b) => Number(a.up) - Number(b.up) || b.differs.length - a.differs.length || (a.name < b.name ? -1 : 1));
}

/** Numbers in which instances should be similar, and the smallest value worth reporting. */
const limits = /** @type {[string, number][]} */ ([["rate", 0.1], ["errorRatio", 0.01], ["mean", 0.005], ["cpu", 0.05], ["memory", 64 << 20]]);

/**
 * isFar reports that a value is at least twice the median of the others, and at least the
 * smallest value worth reporting.
 * @param {number} value
 * @param {number[]} all with the value
 * @param {number} least
 */
export function isFar(value, all, least) {
  if (!(value >= least) || all.length < 2) return false;
  const others = [...all];
  others.splice(others.indexOf(value), 1);
  others.sort((a, b) => a - b);
  return value >= 2 * others[Math.floor((others.length - 1) / 2)];
}
