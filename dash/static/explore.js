// Any metric and any query: default queries by metric type, and how results are shown.
// Pure.

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
 * sameOrder keeps lines in the order in which they first came while they are the same ones: their places and
 * colors do not change with each value.
 */
export function sameOrder() {
  /** @type {string[]} */
  let order = [];
  return (/** @type {{name: string, values: (number | null)[]}[]} */ lines) => {
    const byName = new Map(lines.map((l) => [l.name, l]));
    if (order.length !== byName.size || !order.every((name) => byName.has(name))) order = [...byName.keys()];
    return order.map((name) => /** @type {typeof lines[number]} */ (byName.get(name)));
  };
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

/** The groups of metrics, in their order, and the names that are in each; the service's own come first. */
const groups = /** @type {[string, RegExp][]} */ ([
  ["groupRequests", /^(http_(?!client_)|flask_|gin_|echo_|fiber_|fastapi_|starlette_|django_|rpc_server|grpc_server|connect_)/],
  ["groupClients", /^(go_sql_|http_client_|rpc_client|grpc_client|tacho_pool_)/],
  ["groupRuntime", /^(go_|process_|python_|jvm_|system_|scrape_|promhttp_|prometheus_|net_conntrack_|up$|target_info$)/],
  ["groupRecorded", /^(tacho:|tacho_|ALERTS|\w+:\w)/],
]);

/**
 * groupOf is the group of a metric, by its name.
 * @param {string} name
 */
export const groupOf = (name) => groups.find(([, names]) => names.test(name))?.[0] ?? "groupOwn";

/** All groups, in their order. */
export const groupNames = ["groupOwn", ...groups.map(([name]) => name)];

/**
 * ownFirst are names of metrics in the order of their groups: a search that finds many shows the service's own.
 * @param {string[]} names
 */
export const ownFirst = (names) => [...names].sort((a, b) => groupNames.indexOf(groupOf(a)) - groupNames.indexOf(groupOf(b)));

/** letterOf is the letter of a metric's type. */
export const letterOf = (/** @type {Metric} */ { name, type }) => (name.includes(":") ? "R" : ({ counter: "C", histogram: "H", summary: "S", info: "I" })[type] ?? "G");

/** Labels by which nothing is broken down: those of a scrape, of histograms, and of tacho. */
const noBreakdown = new Set(["__name__", "job", "le", "quantile", "schema"]);

/**
 * An Ask is another way to query a metric.
 * @typedef {{key: string, values: Record<string, string>, expr: string}} Ask
 */

/**
 * asksOf are the ways to query a metric: over time, in the range, by each of its labels, as a share, a week ago.
 * @param {Metric} metric
 * @param {string[]} labels that its series have
 * @param {string} matchers
 * @param {string} window
 * @param {number} seconds of the range
 * @returns {Ask[]}
 */
export function asksOf(metric, labels, matchers, window, seconds) {
  const of = (/** @type {string} */ key, /** @type {string} */ expr, values = {}) => ({ key, values, expr });
  const by = labels.filter((l) => !noBreakdown.has(l)).slice(0, 6);
  const plain = defaultQuery(metric, matchers, window);
  if (metric.type === "counter") {
    const rate = `rate(${metric.name}${matchers}[${window}])`;
    return [
      of("askRate", plain), of("askTotal", `sum (${rate})`), of("askIncrease", `sum without (instance) (increase(${metric.name}${matchers}[${Math.round(seconds)}s]))`),
      ...by.map((l) => of("askBy", `sum by (${l}) (${rate})`, { label: l })),
      ...(by[0] ? [of("askShare", `sum by (${by[0]}) (${rate}) / ignoring (${by[0]}) group_left sum (${rate})`)] : []), of("askWeek", `sum (${rate.replace("])", "] offset 1w)")})`),
    ];
  }
  if (metric.type === "histogram") {
    const q = (/** @type {string} */ by) => `histogram_quantile(0.95, sum by (${[by, ...(metric.native ? [] : ["le"])].filter(Boolean).join(", ")}) (rate(${metric.name}${metric.native || metric.bare ? "" : "_bucket"}${matchers}[${window}])))`;
    const count = metric.native ? `histogram_count(sum (rate(${metric.name}${matchers}[${window}])))` : `sum (rate(${metric.name}_count${matchers}[${window}]))`;
    return [of("askQuantiles", plain), ...(metric.bare ? [] : [of("askCount", count)]), ...by.map((l) => of("askBy", q(l), { label: `p95 ${l}` }))];
  }
  if (metric.type === "summary") return [of("askMean", plain)];
  return [of("askValue", plain), of("askSum", `sum (${plain})`), of("askMax", `max (${plain})`), ...by.map((l) => of("askBy", `sum by (${l}) (${plain})`, { label: l })), of("askWeek", `${plain} offset 1w`)];
}

/**
 * statsOf are the numbers of a line: the last value, its change from the first, mean, least and most; NaN where
 * there are none.
 * @param {(number | null)[]} values
 */
export function statsOf(values) {
  const all = /** @type {number[]} */ (values.filter((v) => v !== null && Number.isFinite(v)));
  const end = values.at(-1) ?? NaN;
  if (all.length === 0) return { now: end, first: NaN, mean: NaN, least: NaN, most: NaN };
  return { now: end, first: all[0], mean: all.reduce((sum, v) => sum + v, 0) / all.length, least: Math.min(...all), most: Math.max(...all) };
}

/**
 * correlation is Pearson's of two lines, over the points that both have; 0 if there are too few or one is flat.
 * @param {(number | null)[]} a
 * @param {(number | null)[]} b
 */
export function correlation(a, b) {
  const pairs = /** @type {[number, number][]} */ (a.map((v, i) => [v, b[i] ?? null]).filter(([x, y]) => Number.isFinite(x ?? NaN) && Number.isFinite(y ?? NaN)));
  if (pairs.length < 8) return 0;
  const mean = (/** @type {0 | 1} */ i) => pairs.reduce((sum, p) => sum + p[i], 0) / pairs.length;
  const [ma, mb] = [mean(0), mean(1)];
  const [ab, aa, bb] = pairs.reduce(([xy, xx, yy], [x, y]) => [xy + (x - ma) * (y - mb), xx + (x - ma) ** 2, yy + (y - mb) ** 2], [0, 0, 0]);
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
