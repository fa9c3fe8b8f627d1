// What has changed against the span before: which routes take more time, or fail
// more, since when, and in which of the instances. Pure.

import { matchersOf } from "./panels.js";
import { errors, selector } from "./queries.js";

/**
 * A Change is a route now and before: seconds of latency per second (which is also
 * how many of its requests are under way on average), requests and errors per
 * second.
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
 * @property {number} weight how much of the service's change it is, from 0 to 1
 * @property {"time" | "errors"} mostly
 */

const byRoute = "sum by (method, path)";

/**
 * changeQuery asks for all that changes are computed from, in one query.
 * @param {import("./panels.js").Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {number} seconds the span's length
 */
export function changeQuery(subject, source, seconds) {
  const labels = matchersOf(subject);
  const wholes = Math.round(seconds);
  const over = (/** @type {string} */ recorded, /** @type {string} */ counter, /** @type {string[][]} */ more, /** @type {string} */ offset) =>
    source.name === "recorded"
      ? `avg_over_time(${recorded}${selector([...labels, ...more])}[${wholes}s]${offset})`
      : `rate(${counter}${selector([...labels, ...more])}[${wholes}s]${offset})`;
  const of = /** @type {[string, string, string, string[][]][]} */ ([
    ["time", "tacho:http_request_duration_seconds_sum:rate", "http_request_duration_seconds_sum", []],
    ["rate", "tacho:http_requests:rate", "http_requests_total", []],
    ["errors", "tacho:http_requests:rate", "http_requests_total", [errors]],
  ]);
  return of.flatMap(([name, recorded, counter, more]) => [["", ""], ["Before", ` offset ${wholes}s`]].map(([when, offset]) =>
    `label_replace(${byRoute} (${over(recorded, counter, more, offset)}), "part", "${name}${when}", "", "")`)).join("\nor\n");
}

/** A change smaller than this share of the service's time, or errors, is not worth a line. */
const least = 0.05;

/** Errors are, from this share of all requests on. */
const leastFailing = 0.002;

/**
 * changes reads the answer, the weightiest first. There is none where nothing is
 * known of before.
 * @param {{metric: Record<string, string>, value: [number, string]}[]} samples
 * @returns {Change[]}
 */
export function changes(samples) {
  const found = new Map();
  for (const { metric, value } of samples) {
    const { method = "", path = "", part } = metric;
    const key = JSON.stringify([method, path]);
    if (!found.has(key)) found.set(key, { key, method, path, time: 0, timeBefore: 0, rate: 0, rateBefore: 0, errors: 0, errorsBefore: 0 });
    if (part in found.get(key)) found.get(key)[part] = Number(value[1]) || 0;
  }
  const all = [...found.values()];
  const total = (/** @type {string} */ field) => all.reduce((sum, c) => sum + c[field], 0);
  if (total("rateBefore") === 0) return [];
  // Seconds weigh against all seconds, errors against all errors: few as they are
  // among the requests, they are what people notice.
  const seconds = Math.max(total("time"), total("timeBefore"));
  const failures = Math.max(total("errors"), total("errorsBefore"), leastFailing * total("rate"));
  const notable = leastFailing * Math.max(total("rate"), total("rateBefore"));
  for (const c of all) {
    c.mean = c.time / c.rate;
    c.meanBefore = c.timeBefore / c.rateBefore;
    const failed = Math.abs(c.errors - c.errorsBefore);
    const [slower, failing] = [Math.abs(c.time - c.timeBefore) / seconds, failed >= notable ? failed / failures : 0];
    c.mostly = failing > slower ? "errors" : "time";
    c.weight = Math.max(slower, failing) || 0;
  }
  return all.filter((c) => c.weight >= least).sort((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1));
}

/**
 * since finds when a series went from what it was before to what it is now: the
 * first moment from which on it stays on the new side of the middle, for all but a
 * tenth of what follows. NaN where there is no such moment.
 * @param {number[]} times
 * @param {(number | null)[]} values
 * @param {number} before its mean in the span before
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
  const first = beyond.indexOf(true); // it is over already: then since it began
  return first >= 0 && furthest !== before ? known[first].at : NaN;
}

/**
 * seriesOf is what has changed of a route, over time.
 * @param {import("./panels.js").Subject} subject
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
 * instancesOf asks for what has changed of a route in each instance: the mean
 * latency, or the share of errors. Only the names of schema.Default are known here.
 * @param {import("./panels.js").Subject} subject
 * @param {Change} change
 * @param {number} seconds
 */
export function instancesOf(subject, change, seconds) {
  const labels = matchersOf({ job: subject.job, schema: "", method: change.method, path: change.path });
  const by = (/** @type {string} */ metric, /** @type {string[][]} */ more) =>
    `sum by (instance) (rate(${metric}${selector([...labels, ...more])}[${Math.max(60, Math.round(seconds))}s]))`;
  return change.mostly === "errors"
    ? `${by("http_requests_total", [errors])} / ${by("http_requests_total", [])}`
    : `${by("http_request_duration_seconds_sum", [])} / ${by("http_request_duration_seconds_count", [])}`;
}

/**
 * outlier is the instance that differs from its siblings: at least twice as much as
 * the next one. Null if there is none, or one instance only.
 * @param {{metric: Record<string, string>, value: [number, string]}[]} samples
 */
export function outlier(samples) {
  const all = samples.map(({ metric, value }) => ({ instance: metric.instance ?? "", value: Number(value[1]) }))
    .filter(({ value }) => Number.isFinite(value)).sort((a, b) => b.value - a.value);
  return all.length > 1 && all[0].value > 0 && all[0].value >= 2 * all[1].value ? { ...all[0], next: all[1].value } : null;
}
