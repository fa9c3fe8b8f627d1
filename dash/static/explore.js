// Any metric and any query: default queries by metric type, and how results are shown.
// Pure.

import { csvField } from "./csv.js";
import { quantiles } from "./queries.js";
import { columns, withEnd } from "./range.js";
import { numberOf } from "./sample.js";

/** Metrics of the runtime, the process and tacho itself come after the service's own. */
const notBusiness = /^(go_|process_|python_|promhttp_|prometheus_|net_conntrack_|jvm_|system_|scrape_|up$|ALERTS|target_info$|tacho:|tacho_|http_|flask_|gin_|echo_|fiber_|fastapi_|starlette_|django_|rpc_|grpc_)/;

/**
 * A Metric is a family of series; native if it has no series but its own, as histograms
 * without classic buckets have; bare if it is only known by the series of its buckets. The name of a
 * known histogram can end in _bucket, too, as that of Kratos does.
 * @typedef {{name: string, type: string, help: string, native?: boolean, bare?: boolean}} Metric
 */

/**
 * metricsInOrder sorts the user's own metrics first, and lists a histogram or summary
 * once.
 * @param {string[]} names of series
 * @param {Record<string, {type: string, help: string}[]>} metadata by metric
 * @returns {Metric[]}
 */
export function metricsInOrder(names, metadata) {
  const found = new Map();
  for (const series of names) {
    const family = metadata[series] ? series : series.replace(/_(bucket|sum|count)$/, "");
    const about = metadata[family]?.[0] ?? metadata[family.replace(/_total$/, "")]?.[0];
    const name = about ? family : series;
    if (!found.has(name)) found.set(name, { name, type: about?.type ?? guess(series), help: about?.help ?? "", native: true, bare: !about && series.endsWith("_bucket") });
    if (series !== name || !about) found.get(name).native = false;
  }
  const rank = (/** @type {string} */ name) => Number(notBusiness.test(name));
  return [...found.values()].sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

const guess = (/** @type {string} */ name) => (name.endsWith("_total") ? "counter" : name.endsWith("_bucket") ? "histogram" : "gauge");

/**
 * defaultQuery is the most useful query of a metric, by its type.
 * @param {Metric} metric
 * @param {string} matchers such as {job="shop"}, or ""
 * @param {string} window a PromQL duration
 */
export function defaultQuery({ name, type, native, bare }, matchers, window) {
  const rate = (/** @type {string} */ suffix) => `rate(${name}${suffix}${matchers}[${window}])`;
  switch (type) {
    case "counter":
      return `sum without (instance) (${rate("")})`;
    case "histogram":
      return Object.values(quantiles).map((q) => {
        const of = native ? `sum (${rate("")})` : `sum by (le) (${bare ? rate("") : rate("_bucket")})`;
        return `label_replace(histogram_quantile(${q}, ${of}), "quantile", "${q}", "", "")`;
      }).join("\nor\n");
    case "summary":
      return `sum (${rate("_sum")}) / sum (${rate("_count")})`;
  }
  return `${name}${matchers}`;
}

/**
 * unitOf guesses the unit of a query's values.
 * @param {string} expr
 */
export function unitOf(expr) {
  if (/histogram_quantile\(|_sum.*\/.*_count/.test(expr) && /_seconds/.test(expr)) return "latency";
  if (/_seconds/.test(expr) && !/\b(rate|increase|count)\b|_count|_timestamp_|_bucket/.test(expr)) return "latency";
  if (/_ratio\b/.test(expr)) return "ratio";
  return "number";
}

/** Lines of a chart, at most: more cannot be told apart. */
export const maxLines = 20;

/**
 * chosenLines are the lines to draw of many: those that end on the largest values, then
 * those that have ended before, named by the labels in which they differ.
 * @param {import("./api.js").Series[]} series
 */
export function chosenLines(series) {
  const end = (/** @type {import("./api.js").Series} */ s) => s.values.at(-1) ?? -Infinity;
  const last = (/** @type {import("./api.js").Series} */ s) => s.values.findLast((v) => v !== null) ?? -Infinity;
  const chosen = [...series].sort((a, b) => end(b) - end(a) || last(b) - last(a) || 0).slice(0, maxLines);
  const labels = [...new Set(series.flatMap((s) => Object.keys(s.metric)))]
    .filter((l) => new Set(series.map((s) => s.metric[l])).size > 1).sort();
  return chosen.map((s) => ({
    name: labels.length ? labels.map((l) => `${l}=${s.metric[l] ?? ""}`).join(" ") : (s.metric.__name__ ?? ""),
    values: s.values,
  }));
}

/**
 * ended appends the current values to a result's series.
 * @param {import("./api.js").Range} answer
 * @param {import("./model.js").Sample[]} samples of the same query
 * @param {number} at
 * @returns {{times: number[], series: import("./api.js").Series[]}}
 */
export function ended(answer, samples, at) {
  const metrics = new Map([...answer.series, ...samples].map((s) => [JSON.stringify(s.metric), s.metric]));
  const [times, lines] = withEnd(
    answer.series.map((s) => ({ name: JSON.stringify(s.metric), values: s.values })), columns(answer)[0],
    samples.filter((s) => s.value).map((s) => ({ name: JSON.stringify(s.metric), value: numberOf(s.value[1]) })), at);
  return { times, series: lines.map((l) => ({ metric: metrics.get(l.name) ?? {}, values: l.values })) };
}

/**
 * seriesText is a series in PromQL notation.
 * @param {Record<string, string>} metric
 */
export function seriesText({ __name__ = "", ...labels }) {
  const all = Object.entries(labels);
  return all.length ? `${__name__}{${all.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}` : __name__ || "{}";
}

/**
 * csv is what a chart shows, for a spreadsheet: times in ISO 8601, an empty field for
 * a gap, Inf and -Inf as most programs read them. Fields that a spreadsheet would take for a formula get a quote before them.
 * @param {string[]} names
 * @param {number[]} times seconds since the epoch
 * @param {(number | null)[][]} values
 */
export function csv(names, times, values) {
  const rows = times.map((at, i) => [new Date(at * 1000).toISOString(), ...values.map((column) => (column[i] === null ? "" : String(column[i]).replace("Infinity", "Inf")))]);
  return [["time", ...names.map(csvField)], ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}
