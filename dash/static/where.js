// Time by route, and instances that differ. Pure.

import { byPart } from "./now.js";
import { numberOf } from "./sample.js";

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

/**
 * parted are the lines of some keys, in their order, and the sum of the others.
 * @param {{name: string, values: (number | null)[]}[]} lines
 * @param {string[]} keys
 * @returns {{chosen: {name: string, values: (number | null)[]}[], others: (number | null)[] | null, n: number}}
 */
export function parted(lines, keys) {
  const chosen = keys.flatMap((key) => lines.filter((l) => l.name === key));
  const rest = lines.filter((l) => !keys.includes(l.name));
  const others = rest.length ? rest[0].values.map((_, i) => rest.reduce((/** @type {number | null} */ sum, { values }) => (values[i] === null ? sum : (sum ?? 0) + Number(values[i])), null)) : null;
  return { chosen, others, n: rest.length };
}

/**
 * spentText is the message for the time spent on requests, and before: a third more or less is noise.
 * @param {number} total
 * @param {number} before
 */
export const spentText = (total, before) => (before > 0 && total >= 1.5 * before ? "spendsMore" : total > 0 && before >= 1.5 * total ? "spendsLess" : "spendsSame");

/**
 * RouteMeans are the mean latencies of a route by instance.
 * @typedef {{key: string, name: string, means: {instance: string, mean: number, far: boolean}[]}} RouteMeans
 */

/**
 * meansOfRoutes reads the mean latency of each route in each instance.
 * @param {import("./model.js").Sample[]} samples with the parts seconds and count
 * @param {string[]} keys of the routes, in their order
 * @param {number} most instances
 * @returns {{instances: string[], routes: RouteMeans[]}}
 */
export function meansOfRoutes(samples, keys, most) {
  /** @type {Map<string, Map<string, Record<string, number>>>} */
  const found = new Map();
  const seconds = new Map();
  for (const { metric, value } of samples) {
    const { path = "", instance = "", part = "" } = metric;
    // A histogram without the method counts all methods of a path.
    const key = metric.method === undefined ? path : JSON.stringify([metric.method, path]);
    if (!found.has(key)) found.set(key, new Map());
    const by = /** @type {Map<string, Record<string, number>>} */ (found.get(key));
    by.set(instance, { ...by.get(instance), [part]: numberOf(value[1]) });
    if (part === "seconds") seconds.set(instance, (seconds.get(instance) ?? 0) + (numberOf(value[1]) || 0));
  }
  const instances = [...seconds].sort((a, b) => b[1] - a[1]).slice(0, most).map(([name]) => name).sort();
  const routes = keys.flatMap((key) => {
    const [method, path] = JSON.parse(key);
    const by = found.get(key) ?? found.get(path);
    if (!by) return [];
    const means = instances.map((instance) => ({ instance, mean: (by.get(instance)?.seconds ?? NaN) / (by.get(instance)?.count ?? NaN) }));
    const known = means.map((m) => m.mean).filter(Number.isFinite);
    return [{ key, name: `${method} ${path}`.trim(), means: means.map((m) => ({ ...m, far: isFar(m.mean, known, 0.005) })) }];
  });
  return { instances, routes };
}
