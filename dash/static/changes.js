// What changed from the previous time range: which routes take more time or fail more
// often, since when, and in which instance. Pure.

import { rateBy } from "./names.js";
import { errors, isError, matchersOf, selector, union } from "./queries.js";
import { numberOf } from "./sample.js";

/**
 * A Change is a route now and before: seconds of latency per second (its mean
 * concurrency), requests and errors per second.
 * @typedef {object} Change
 * @property {string} key
 * @property {string} method
 * @property {string} path
 * @property {number} time
 * @property {number} timeBefore
 * @property {number} rate
 * @property {number} rateBefore
 * @property {number} errors
 * @property {number} errorsBefore
 * @property {number} mean seconds
 * @property {number} meanBefore
 * @property {number} weight its share of the service's change, from 0 to 1
 * @property {number} share of the service's time now, from 0 to 1
 * @property {"time" | "errors"} mostly
 */

const byRoute = "sum by (method, path)";

/**
 * changeQueries are the queries for all changes: one for now and one for before, so that
 * a server can run both at the same time.
 * @param {import("./queries.js").Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {number} seconds length of the time range
 * @param {number} [shift] seconds between both ranges
 * @param {boolean} [means] read the means over five minutes, as meansQuery allows
 */
export function changeQueries(subject, source, seconds, shift = seconds, means = false) {
  const labels = matchersOf(subject);
  const over = (/** @type {string} */ recorded, /** @type {string} */ counter, /** @type {string} */ offset) =>
    source.name === "recorded"
      ? `avg_over_time(${recorded}${means ? "_mean5m" : ""}${selector(labels)}[${Math.round(seconds)}s]${offset})`
      : `rate(${counter}${selector(labels)}[${Math.round(seconds)}s]${offset})`;
  // By status, so that requests and errors are read once, which takes most of the time over a long range.
  const of = /** @type {[string, string, string, string][]} */ ([
    ["time", byRoute, "tacho:http_request_duration_seconds_sum:rate", "http_request_duration_seconds_sum"],
    ["rate", "sum by (method, path, status)", "tacho:http_requests:rate", "http_requests_total"],
  ]);
  return [["", ""], ["Before", ` offset ${Math.round(shift)}s`]].map(([when, offset]) => union(of.map(([name, by, recorded, counter]) =>
    /** @type {[string, string]} */ ([name + when, `${by} (${over(recorded, counter, offset)})`]))));
}

/** Ranges from here on read the means over five minutes, in seconds. */
const longRange = 2 * 86400;

/**
 * meansQuery is the query that has a result if the means over five minutes cover both ranges as far as what they
 * average does; "" if the range is short, or nothing is recorded. A server has them since the version that began to.
 * @param {import("./queries.js").Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {number} seconds
 * @param {number} [shift]
 */
export function meansQuery({ job }, source, seconds, shift = seconds) {
  if (source.name !== "recorded" || seconds < longRange) return "";
  const covered = (/** @type {string} */ suffix) => `count_over_time(tacho:job_http_requests:rate${suffix}${selector([["job", "=", job]])}[${Math.round(seconds + shift)}s:1h])`;
  return `${covered("_mean5m")} >= 0.9 * ${covered("")}`;
}

/** The smallest change worth reporting, as a share of the service's time or errors. */
const minWeight = 0.05;

/** The smallest error ratio against which a change of errors is weighed. */
const minErrorRatio = 0.002;

/**
 * changes reads the results: every route now and before, the largest change first.
 * @param {{metric: Record<string, string>, value: [number, string]}[]} samples
 * @returns {Change[]}
 */
export function changes(samples) {
  const found = new Map();
  for (const { metric, value } of samples) {
    const { method = "", path = "", part } = metric;
    const key = JSON.stringify([method, path]);
    if (!found.has(key)) found.set(key, { key, method, path, time: 0, timeBefore: 0, rate: 0, rateBefore: 0, errors: 0, errorsBefore: 0 });
    const c = found.get(key);
    const n = numberOf(value[1]) || 0;
    if (part in c) c[part] += n;
    if (isError.test(metric.status ?? "")) c[part === "rate" ? "errors" : "errorsBefore"] += n;
  }
  const all = [...found.values()];
  const total = (/** @type {string} */ field) => all.reduce((sum, c) => sum + c[field], 0);
  const anyBefore = total("rateBefore") > 0;
  // Seconds are weighed against all seconds, errors against all errors: errors are few
  // among the requests, but matter most.
  const seconds = Math.max(total("time"), total("timeBefore"));
  const failures = Math.max(total("errors"), total("errorsBefore"), minErrorRatio * total("rate"));
  const notable = minErrorRatio * Math.max(total("rate"), total("rateBefore"));
  for (const c of all) {
    c.mean = c.time / c.rate;
    c.meanBefore = c.timeBefore / c.rateBefore;
    const failed = Math.abs(c.errors - c.errorsBefore);
    const [slower, failing] = [Math.abs(c.time - c.timeBefore) / seconds, failed >= notable ? failed / failures : 0];
    c.mostly = failing > slower ? "errors" : "time";
    c.weight = anyBefore ? Math.max(slower, failing) || 0 : 0;
    c.share = c.time / total("time") || 0;
  }
  return all.sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1));
}

/**
 * significant are the changes worth reporting: none if the previous range has no data.
 * @param {Change[]} all
 */
export const significant = (all) => all.filter((c) => c.weight >= minWeight);

/**
 * since finds when a series changed: the first time after which 90% of its points are
 * on the new side of the middle between old and new. NaN if there is none.
 * @param {number[]} times
 * @param {(number | null)[]} values
 * @param {number} before its mean in the previous range
 */
export function since(times, values, before) {
  const known = values.map((v, i) => ({ v, at: times[i] })).filter(({ v }) => v !== null);
  const furthest = known.reduce((f, { v }) => (Math.abs(Number(v) - before) > Math.abs(f - before) ? Number(v) : f), before);
  const middle = (before + furthest) / 2;
  const beyond = known.map(({ v }) => (furthest > before ? Number(v) > middle : Number(v) < middle));
  let left = beyond.filter(Boolean).length;
  for (let i = 0; i < known.length; i++) {
    if (beyond[i] && left >= 0.9 * (known.length - i)) return known[i].at;
    if (beyond[i]) left--;
  }
  const first = beyond.indexOf(true); // already over: when it began
  return first >= 0 && furthest !== before ? known[first].at : NaN;
}

/**
 * seriesOf is the query for the changed quantity of a route over time.
 * @param {import("./queries.js").Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {Change} change
 */
export function seriesOf(subject, source, change) {
  const labels = matchersOf({ ...subject, method: change.method, path: change.path });
  const failing = change.mostly === "errors";
  if (source.name === "recorded") {
    return `sum (${failing ? `tacho:http_requests:rate${selector([...labels, errors])}` : `tacho:http_request_duration_seconds_sum:rate${selector(labels)}`})`;
  }
  return `sum (rate(${failing ? `http_requests_total${selector([...labels, errors])}` : `http_request_duration_seconds_sum${selector(labels)}`}[${source.window}]))`;
}

/**
 * instancesOf is the query for the changed quantity by instance: mean latency or error
 * ratio; undefined if the service's metrics do not have it.
 * @param {import("./names.js").Names} names
 * @param {import("./queries.js").Subject} subject
 * @param {Change} change
 * @param {number} seconds
 */
export function instancesOf(names, subject, change, seconds) {
  const route = { job: subject.job, schema: "", method: change.method, path: change.path };
  const window = `${Math.max(60, Math.round(seconds))}s`;
  const by = ["instance"];
  const [above, below] = change.mostly === "errors"
    ? [rateBy(names.requests, "", by, route, window, true), rateBy(names.requests, "", by, route, window)]
    : [rateBy(names.duration, "_sum", by, route, window), rateBy(names.duration, "_count", by, route, window)];
  return above && below && `${above} / ${below}`;
}

/**
 * outlier is the instance whose value is at least twice the second highest, which is
 * called other. Null if there is none, or only one instance.
 * @param {{metric: Record<string, string>, value: [number, string]}[]} samples
 */
export function outlier(samples) {
  const all = samples.map(({ metric, value }) => ({ instance: metric.instance ?? "", value: numberOf(value[1]) }))
    .filter(({ value }) => Number.isFinite(value)).sort((a, b) => b.value - a.value);
  return all.length > 1 && all[0].value > 0 && all[0].value >= 2 * all[1].value ? { ...all[0], other: all[1].instance, next: all[1].value } : null;
}
