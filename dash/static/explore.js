// Any metric and any query: what to ask of a metric by its type, and how to show the
// answer. Pure.

/** Metrics of the runtime, the process and tacho itself come after the service's own. */
const notBusiness = /^(go_|process_|python_|promhttp_|scrape_|up$|tacho:|tacho_|http_|flask_)/;

/**
 * metricsInOrder puts the business's metrics first, and takes histograms and
 * summaries as one.
 * @param {string[]} names of series
 * @param {Record<string, {type: string, help: string}[]>} metadata by metric
 * @returns {{name: string, type: string, help: string}[]}
 */
export function metricsInOrder(names, metadata) {
  const found = new Map();
  for (const series of names) {
    const family = metadata[series] ? series : series.replace(/_(bucket|sum|count)$/, "");
    const about = metadata[family]?.[0] ?? metadata[family.replace(/_total$/, "")]?.[0];
    const name = about ? family : series;
    if (!found.has(name)) found.set(name, { name, type: about?.type ?? guess(series), help: about?.help ?? "" });
  }
  const rank = (/** @type {string} */ name) => Number(notBusiness.test(name));
  return [...found.values()].sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

const guess = (/** @type {string} */ name) => (name.endsWith("_total") ? "counter" : name.endsWith("_bucket") ? "histogram" : "gauge");

/**
 * defaultQuery is what one most likely wants to know of a metric.
 * @param {{name: string, type: string}} metric
 * @param {string} matchers such as {job="shop"}, or ""
 * @param {string} window a PromQL duration
 */
export function defaultQuery({ name, type }, matchers, window) {
  const rate = (/** @type {string} */ suffix) => `rate(${name}${suffix}${matchers}[${window}])`;
  switch (type) {
    case "counter":
      return `sum without (instance) (${rate("")})`;
    case "histogram":
      return `histogram_quantile(0.95, sum by (le) (${name.endsWith("_bucket") ? rate("") : rate("_bucket")}))`;
    case "summary":
      return `sum (${rate("_sum")}) / sum (${rate("_count")})`;
  }
  return `${name}${matchers}`;
}

/**
 * unitOf guesses in which unit a query's numbers are.
 * @param {string} expr
 */
export function unitOf(expr) {
  if (/histogram_quantile\(|_sum.*\/.*_count/.test(expr) && /_seconds/.test(expr)) return "latency";
  if (/_seconds/.test(expr) && !/\b(rate|increase|count)\b|_count|_timestamp_|_bucket/.test(expr)) return "latency";
  if (/_ratio\b/.test(expr)) return "ratio";
  return "number";
}

/** More lines than this nobody can tell apart. */
export const mostLines = 20;

/**
 * chosenLines are the lines to draw of many: those with the largest last values,
 * named by the labels in which they differ.
 * @param {import("./api.js").Series[]} series
 */
export function chosenLines(series) {
  const last = (/** @type {import("./api.js").Series} */ s) => s.values.findLast((v) => v !== null) ?? -Infinity;
  const chosen = [...series].sort((a, b) => last(b) - last(a) || 0).slice(0, mostLines);
  const labels = [...new Set(series.flatMap((s) => Object.keys(s.metric)))]
    .filter((l) => new Set(series.map((s) => s.metric[l])).size > 1).sort();
  return chosen.map((s) => ({
    name: labels.length ? labels.map((l) => `${l}=${s.metric[l] ?? ""}`).join(" ") : (s.metric.__name__ ?? ""),
    values: s.values,
  }));
}

/**
 * csv is what a chart shows, for a spreadsheet: times in ISO 8601, an empty field for
 * a gap. Fields that a spreadsheet would take for a formula get a quote before them.
 * @param {string[]} names
 * @param {number[]} times seconds since the epoch
 * @param {(number | null)[][]} values
 */
export function csv(names, times, values) {
  const field = (/** @type {string} */ text) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = times.map((at, i) => [new Date(at * 1000).toISOString(), ...values.map((column) => (column[i] === null ? "" : String(column[i])))]);
  return [["time", ...names.map(field)], ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}
