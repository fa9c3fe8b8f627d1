// Tables for spreadsheets. Pure.

/**
 * csvField is a field of a CSV file. One that a spreadsheet would take for a formula gets a quote before it.
 * @param {string} text
 */
export function csvField(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
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

/** The columns of the routes, in base units as metrics have them. */
const fields = /** @type {[string, string][]} */ ([
  ["method", "method"], ["path", "path"], ["state", "state"], ["requests_per_second", "rate"], ["error_ratio", "errorRatio"],
  ["p50_seconds", "p50"], ["p95_seconds", "p95"], ["p99_seconds", "p99"], ["time_share", "share"], ["response_bytes_per_second", "bytes"],
  ["error_budget_left", "budget"],
]);

/**
 * routesCSV are routes as a CSV file; an unknown number is an empty field.
 * @param {import("./model.js").Route[]} routes
 */
export function routesCSV(routes) {
  const value = (/** @type {any} */ v) => (typeof v === "string" ? csvField(v) : Number.isFinite(v) ? String(v) : "");
  const lines = routes.map((r) => fields.map(([, field]) => value(/** @type {any} */ (r)[field])));
  return [fields.map(([name]) => name), ...lines].map((line) => line.join(",")).join("\r\n") + "\r\n";
}
