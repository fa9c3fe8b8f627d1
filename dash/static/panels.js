// The charts of a service or of one of its routes: what they ask. Pure.

import { quantiles, selector } from "./queries.js";

/**
 * A Panel is a chart. Its query gives one line for each value of the label by.
 * @typedef {object} Panel
 * @property {string} id a key of messages.js
 * @property {string} unit how its numbers are written: rate, ratio, latency or count
 * @property {string} by
 * @property {string} expr
 * @property {string[]} [order] of the lines, where it is not that of their names
 * @property {boolean} [stacked]
 */

/**
 * What the charts are about: a service, or one of its routes.
 * @typedef {object} Subject
 * @property {string} job
 * @property {string} schema "" if it has one only
 * @property {string} [method]
 * @property {string} [path]
 */

/**
 * matchersOf are the label matchers of a subject.
 * @param {Subject} subject
 */
export function matchersOf({ job, schema, method, path }) {
  const matchers = [["job", "=", job]];
  if (schema) matchers.push(["schema", "=", schema]);
  if (path !== undefined) matchers.push(["method", "=", method ?? ""], ["path", "=", path]);
  return matchers;
}

/**
 * panels are the charts of a subject.
 * @param {Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {number} step seconds between two points
 * @param {number} every seconds between two evaluations of the rules, or two scrapes
 * @returns {Panel[]}
 */
export function panels(subject, source, step, every) {
  const labels = matchersOf(subject);
  const ofRoute = subject.path !== undefined;
  const { requests, latency, inFlight, buckets } = source.name === "recorded"
    ? recordedOver(labels, ofRoute, step, every)
    : rawOver(labels, source.window, step);
  const classes = byClass(requests);
  const all = /** @type {Panel[]} */ ([
    { id: "chartRate", unit: "rate", by: "class", stacked: true, order: ["2xx", "3xx", "1xx", "4xx", "5xx"], expr: `sum by (class) (${classes})` },
    { id: "chartErrors", unit: "ratio", by: "class", order: ["5xx", "4xx"], expr: `sum by (class) (${classes}) / ignoring (class) group_left sum (${requests})` },
    { id: "chartLatency", unit: "latency", by: "quantile", order: Object.values(quantiles).map(String), expr: latency },
  ]);
  all.push({ id: "chartHeat", unit: "rate", by: "le", expr: `sum by (le) (${buckets})` });
  if (!ofRoute) all.push({ id: "chartInFlight", unit: "count", by: "job", expr: `sum by (job) (${inFlight})` });
  return all;
}

/**
 * recordedOver reads what the rules record. A point stands for all that was
 * recorded since the one before, so that a short peak is seen in a long span too.
 */
function recordedOver(/** @type {string[][]} */ labels, /** @type {boolean} */ ofRoute, /** @type {number} */ step, /** @type {number} */ every) {
  const over = (/** @type {string} */ f, /** @type {string} */ metric) =>
    step > every ? `${f}_over_time(${metric}${selector(labels)}[${step}s])` : metric + selector(labels);
  const family = ofRoute ? "tacho:http_request_duration_seconds:quantile" : "tacho:job_http_request_duration_seconds:quantile";
  return {
    requests: over("avg", "tacho:http_requests:rate"),
    latency: `max by (quantile) (${over("max", family)})`,
    inFlight: over("max", "tacho:http_requests_in_flight:sum"),
    buckets: over("avg", ofRoute ? "tacho:http_request_duration_seconds_bucket:rate" : "tacho:job_http_request_duration_seconds_bucket:rate"),
  };
}

/** rawOver computes the same from the metrics of schema.Default. */
function rawOver(/** @type {string[][]} */ labels, /** @type {string} */ window, /** @type {number} */ step) {
  const range = step > seconds(window) ? `${step}s` : window;
  const buckets = `rate(http_request_duration_seconds_bucket${selector(labels)}[${range}])`;
  return {
    requests: `rate(http_requests_total${selector(labels)}[${range}])`,
    latency: Object.values(quantiles)
      .map((q) => `label_replace(histogram_quantile(${q}, sum by (le) (${buckets})), "quantile", "${q}", "", "")`).join(" or "),
    inFlight: `http_requests_in_flight${selector(labels)}`,
    buckets,
  };
}

/** seconds are those of a window such as 1m. */
const seconds = (/** @type {string} */ window) => Number.parseInt(window, 10) * 60;

/** byClass adds the class of the status as a label: 2xx, or other where it is no number. */
function byClass(/** @type {string} */ requests) {
  const classes = `label_replace(${requests}, "class", "\${1}xx", "status", "([1-5])..")`;
  return `label_replace(${classes}, "class", "other", "class", "")`;
}

/**
 * lines names the lines of a panel's answer and puts them in order. Of errors only
 * those are wanted that are any.
 * @param {Panel} panel
 * @param {{metric: Record<string, string>, values: [number, string][]}[]} series
 */
export function lines(panel, series) {
  const rank = (/** @type {string} */ name) => {
    const i = (panel.order ?? []).indexOf(name);
    return i < 0 ? Infinity : i;
  };
  return series
    .map(({ metric, values }) => ({ name: metric[panel.by] ?? "", values }))
    .filter(({ name }) => panel.id !== "chartErrors" || name === "4xx" || name === "5xx")
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

/**
 * stack adds each column to those before it, so that the last one is the sum.
 * Where one is missing the others still add up; where all are, there is a gap.
 * @param {(number | null)[][]} values
 */
export function stack(values) {
  /** @type {(number | null)[]} */
  let below = values[0]?.map(() => null) ?? [];
  return values.map((column) => {
    below = column.map((v, i) => (v === null && below[i] === null ? null : (v ?? 0) + (below[i] ?? 0)));
    return below;
  });
}

/** Which line of a panel stands for it where two spans are compared; of stacked ones it is their sum. */
const standsFor = /** @type {Record<string, string>} */ ({ chartErrors: "5xx", chartLatency: "0.95" });

/**
 * compared is the one line of the span before that a panel is compared with, or null
 * if nothing is known of it.
 * @param {Panel} panel
 * @param {string[]} names
 * @param {(number | null)[][]} values
 */
export function compared(panel, names, values) {
  if (panel.stacked) return stack(values).at(-1) ?? null;
  const i = panel.id in standsFor ? names.indexOf(standsFor[panel.id]) : 0;
  return values[i] ?? null;
}
