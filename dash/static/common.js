// What the failing, or the slow, requests of a route have in common: each label's values among them and among
// the rest. Pure.

import { rateBy } from "./names.js";
import { isError, quote } from "./queries.js";
import { numberOf } from "./sample.js";

/**
 * A Trait is a value of a label, with its share among the failing requests and among the rest.
 * @typedef {object} Trait
 * @property {string} key
 * @property {string} label version, status, instance or method
 * @property {string} value
 * @property {number} failing from 0 to 1
 * @property {number} rest from 0 to 1; NaN if there is none
 * @property {string} says a message's key
 * @property {boolean} strong it tells them apart
 */

/** Shares that differ by less are alike, and those that differ by more tell requests apart. */
const [alike, telling] = [0.1, 0.3];

/** Values that are listed of each label, and a share that is "all". */
const [most, nearlyAll] = [6, 0.95];

/**
 * commonQueries are the queries over a range: the requests of a path by instance, method and status, and the version
 * of each instance; undefined if the service's metrics do not have them.
 * @param {import("./names.js").Names} names
 * @param {import("./queries.js").Subject} subject a route
 * @param {string} window
 */
export function commonQueries(names, { job, method = "", path }, window) {
  // All methods of the path if the metrics have one, so that they can be compared.
  const labels = names.requests?.method ? ["instance", "method", "status"] : ["instance", "status"];
  const requests = rateBy(names.requests, "", labels, { job, schema: "", path, method: names.requests?.method ? undefined : method }, window);
  return { requests, versions: `group by (__name__, instance, version, revision) ({__name__=~".+_build_info|.+_exporter_info",job=${quote(job)}})` };
}

/**
 * versionsOf is the version of each instance at each point. Go's own build info only counts where there is no other.
 * @param {import("./api.js").Range} range
 * @returns {Map<string, string[]>}
 */
export function versionsOf({ count, series }) {
  const found = new Map();
  const rank = (/** @type {import("./api.js").Series} */ s) => (s.metric.__name__ === "go_build_info" ? 0 : 1);
  for (const { metric, values } of [...series].sort((a, b) => rank(a) - rank(b))) {
    const name = metric.instance ?? "";
    if (!found.has(name)) found.set(name, Array(count).fill(""));
    const version = metric.version || (metric.revision ?? "").slice(0, 12);
    values.forEach((v, i) => { if (v !== null && version && version !== "unknown") found.get(name)[i] = version; });
  }
  return found;
}

/** @typedef {Map<string, Map<string, {failing: number, rest: number}>>} Tally label → value → requests */

/**
 * tally counts the requests of a range by the values of each label.
 * @param {import("./api.js").Range} requests
 * @param {Map<string, string[]>} versions
 * @param {string} method of the route; the other methods of its path are only compared as such
 * @param {number} [since] only requests that failed from here on are the failing ones
 * @returns {Tally}
 */
export function tally(requests, versions, method, since = 0) {
  /** @type {Tally} */
  const found = new Map(["version", "status", "instance", "method"].map((label) => [label, new Map()]));
  const add = (/** @type {string} */ label, /** @type {string} */ value, /** @type {boolean} */ failed, /** @type {number} */ n) => {
    if (!value || !(n > 0)) return;
    const values = /** @type {Map<string, {failing: number, rest: number}>} */ (found.get(label));
    const counts = values.get(value) ?? { failing: 0, rest: 0 };
    counts[failed ? "failing" : "rest"] += n;
    values.set(value, counts);
  };
  for (const { metric, values } of requests.series) {
    const fails = isError.test(metric.status ?? "");
    values.forEach((v, i) => {
      const [n, failed] = [v ?? 0, fails && requests.start + i * requests.step >= since];
      add("method", metric.method ?? "", failed, n);
      if (metric.method && metric.method !== method) return;
      add("status", metric.status ?? "", failed, n);
      add("instance", metric.instance ?? "", failed, n);
      add("version", versions.get(metric.instance ?? "")?.[i] ?? "", failed, n);
    });
  }
  return found;
}

/**
 * traitsOf are the traits, those that differ most first. Statuses always differ, since they are what makes a request
 * fail: they follow what tells requests apart. Only those of failing requests are listed.
 * @param {Tally} counted
 * @returns {Trait[]} none if no request failed
 */
export function traitsOf(counted) {
  const all = [...counted].flatMap(([label, values]) => traitsOfLabel(label, [...values]));
  // In whole percent, so that what is alike has one order.
  const rank = (/** @type {Trait} */ t) => (t.label === "status" ? telling * 100 : Math.round(Math.abs(t.failing - t.rest) * 100) || 0);
  return all.sort((a, b) => rank(b) - rank(a) || order.indexOf(a.label) - order.indexOf(b.label) || b.failing - a.failing || (a.value < b.value ? -1 : 1));
}

const order = ["version", "status", "instance", "method"];

/** @returns {Trait[]} */
function traitsOfLabel(/** @type {string} */ label, /** @type {[string, {failing: number, rest: number}][]} */ values) {
  const total = (/** @type {"failing" | "rest"} */ side) => values.reduce((n, [, counts]) => n + counts[side], 0);
  const [failed, others] = [total("failing"), total("rest")];
  if (!(failed > 0)) return [];
  return values.map(([value, counts]) => {
    const t = { key: JSON.stringify([label, value]), label, value, failing: counts.failing / failed, rest: counts.rest / others };
    return { ...t, ...judged(t, values.length) };
  }).filter((t) => label !== "status" || t.failing > 0)
    .sort((a, b) => b.failing + (b.rest || 0) - a.failing - (a.rest || 0)).slice(0, most);
}

/** Statuses that tell where to look. */
const statuses = /** @type {Record<string, string>} */ ({ 500: "traitOwn", 502: "traitUpstream", 503: "traitOverload", 504: "traitTimeout" });

/** judged is the verdict on a trait. */
function judged(/** @type {{label: string, value: string, failing: number, rest: number}} */ { label, value, failing, rest }, /** @type {number} */ n) {
  if (label === "status") return { says: statuses[value] ?? "traitStatus", strong: failing >= nearlyAll };
  if (n === 1) return { says: `traitOne_${label}`, strong: false };
  const by = failing - rest;
  if (Number.isNaN(by)) return { says: "traitAllFail", strong: false };
  if (Math.abs(by) < alike) return { says: "traitAlike", strong: false };
  if (by > 0) return { says: failing >= nearlyAll ? `traitOnly_${label}` : "traitMore", strong: by >= telling };
  return { says: failing === 0 ? "traitNone" : "traitFewer", strong: false };
}

/**
 * conclusion is what tells the failing requests apart, as messages and their values; none without traits.
 * @param {Trait[]} traits
 * @returns {{key: string, values: Record<string, string>}[]}
 */
export function conclusion(traits) {
  const told = traits.filter((t) => t.label !== "status");
  if (traits.length === 0) return [];
  const [first] = told.filter((t) => t.strong);
  const instances = told.filter((t) => t.label === "instance");
  const said = first ? [{ key: first.failing >= nearlyAll ? `common_${first.label}` : `commonMore_${first.label}`, values: { value: first.value } }] : [{ key: "commonNothing", values: {} }];
  const allAlike = instances.length > 1 && instances.every((t) => t.says === "traitAlike");
  return allAlike && first ? [...said, { key: "commonInstances", values: {} }] : said;
}

/**
 * A Speed is the mean latency of a value of a label, and that of the rest.
 * @typedef {{key: string, label: string, value: string, mean: number, rest: number, share: number, says: string, values: Record<string, string>, strong: boolean}} Speed
 */

/** A mean that is so many times that of the rest is slow, if the rest is at least this share of the requests: a few clients that left at once are no comparison. */
const [slower, leastRest] = [1.5, 0.05];

/**
 * speedQueries are the queries for the mean latency of a route by instance, and by status where the latency has one.
 * @param {import("./names.js").Names} names
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 * @returns {[string, string][]}
 */
export function speedQueries(names, subject, window) {
  const by = ["instance", ...(names.duration?.status ? ["status"] : [])];
  return /** @type {[string, string | undefined][]} */ ([
    ["seconds", rateBy(names.duration, "_sum", by, subject, window)], ["count", rateBy(names.duration, "_count", by, subject, window)],
  ]).flatMap(([name, expr]) => (expr ? [/** @type {[string, string]} */ ([name, expr])] : []));
}

/**
 * speedsOf are the mean latencies by version, status and instance, those that differ most first.
 * @param {import("./model.js").Sample[]} samples of speedQueries
 * @param {Map<string, string>} versions of the instances
 * @returns {Speed[]}
 */
export function speedsOf(samples, versions) {
  /** @type {Map<string, Map<string, {seconds: number, count: number}>>} */
  const found = new Map(["version", "status", "instance"].map((label) => [label, new Map()]));
  for (const { metric, value } of samples) {
    const traits = { version: versions.get(metric.instance ?? ""), status: metric.status, instance: metric.instance };
    for (const [label, name] of Object.entries(traits)) {
      if (!name || !["seconds", "count"].includes(metric.part)) continue;
      const values = /** @type {Map<string, any>} */ (found.get(label));
      if (!values.has(name)) values.set(name, { seconds: 0, count: 0 });
      values.get(name)[metric.part] += numberOf(value[1]) || 0;
    }
  }
  const all = [...found].flatMap(([label, values]) => speedsOfLabel(label, [...values].filter(([, v]) => v.count > 0)));
  const rank = (/** @type {Speed} */ s) => Math.round(Math.abs(Math.log(s.mean / s.rest)) * 100) || 0;
  return all.sort((a, b) => Number(b.strong) - Number(a.strong) || rank(b) - rank(a) || b.mean - a.mean || (a.key < b.key ? -1 : 1));
}

/** @returns {Speed[]} */
function speedsOfLabel(/** @type {string} */ label, /** @type {[string, {seconds: number, count: number}][]} */ values) {
  const total = (/** @type {"seconds" | "count"} */ field) => values.reduce((n, [, v]) => n + v[field], 0);
  const [seconds, count] = [total("seconds"), total("count")];
  return values.map(([value, v]) => {
    const [mean, rest] = [v.seconds / v.count, (seconds - v.seconds) / (count - v.count)];
    const factor = mean / rest;
    const says = values.length === 1 ? `traitOne_${label}` : factor >= slower ? "traitSlower" : factor <= 1 / slower ? "traitFaster" : "traitAlike";
    const times = factor >= slower ? factor : 1 / factor;
    return { key: JSON.stringify([label, value]), label, value, mean, rest, share: v.count / count, says, values: { times: String(Number(times.toPrecision(2))) }, strong: says === "traitSlower" && 1 - v.count / count >= leastRest };
  }).sort((a, b) => b.mean - a.mean).slice(0, most);
}

/**
 * speedConclusion is what tells the slow requests apart.
 * @param {Speed[]} speeds
 * @returns {{key: string, values: Record<string, string>} | null}
 */
export function speedConclusion(speeds) {
  if (speeds.length === 0) return null;
  const first = speeds.find((s) => s.strong);
  return first ? { key: `slow_${first.label}`, values: { value: first.value, ...first.values } } : { key: "slowNothing", values: {} };
}

/**
 * alertsOf are the active alerts that look at a route: of its service, with no other route's labels.
 * @param {import("./alerts.js").Alert[]} alerts
 * @param {import("./queries.js").Subject} subject
 */
export function alertsOf(alerts, { job, method = "", path = "" }) {
  const fits = (/** @type {Record<string, string>} */ labels, /** @type {string} */ name, /** @type {string} */ value) => labels[name] === undefined || labels[name] === value;
  return alerts.filter(({ labels }) => labels.job === job && fits(labels, "path", path) && fits(labels, "method", method) && labels.instance === undefined);
}
