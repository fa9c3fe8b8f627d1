// What the page asks Prometheus. Pure.
//
// One round is one query: its parts are joined by "or", each marked by a label
// "part". So all numbers are of one moment, and a far server costs one trip.

/** Statuses that are errors: by number, or as Go writes them in words. 499, client gone, is none. */
const errorStatus = [
  "5..", "Internal Server Error", "Not Implemented", "Bad Gateway", "Service Unavailable", "Gateway Timeout",
  "HTTP Version Not Supported", "Variant Also Negotiates", "Insufficient Storage", "Loop Detected", "Not Extended",
  "Network Authentication Required",
].join("|");

/** errors is the matcher of answers that are. */
export const errors = ["status", "=~", errorStatus];
const hasRoute = ["path", "!=", ""];

/** The quantiles of every table, by the name of their column. */
export const quantiles = { p50: 0.5, p95: 0.95, p99: 0.99 };

/**
 * quote writes text as a PromQL string, whatever is in it.
 * @param {string} text
 */
export function quote(text) {
  const escaped = text.replace(/[\\"\u0000-\u001f\u007f\u2028\u2029]/g, (c) => {
    const short = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" }[c];
    return short ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

/**
 * selector writes the label matchers of a metric: [name, operator, value].
 * @param {string[][]} matchers
 */
export function selector(matchers) {
  if (matchers.length === 0) return "";
  return `{${matchers.map(([name, operator, value]) => name + operator + quote(value)).join(",")}}`;
}

const ofService = "job, schema";
const ofRoute = "job, schema, method, path";

/**
 * A source says how the numbers are spelled: as recorded by tacho's rules, or
 * computed from the metrics of schema.Default. The route label is demanded of
 * the latter, because other libraries use the same names with other labels.
 * @typedef {object} Source
 * @property {string} name
 * @property {string} window a PromQL duration, "" if the rules chose it
 * @property {(...matchers: string[][]) => string} requests
 * @property {string} jobBuckets in which the bounds of a service's buckets are found
 * @property {string} seconds
 * @property {string} inFlight
 * @property {(q: number) => string} quantile of routes
 * @property {(q: number) => string} jobQuantile of whole services
 */

/**
 * Quantiles cannot be added. Where Prometheus has one twice, because it collects
 * from several that evaluate the rules, the page shows the worse.
 * @type {Source}
 */
export const recorded = {
  name: "recorded",
  window: "",
  requests: (...matchers) => `tacho:http_requests:rate${selector(matchers)}`,
  jobBuckets: "tacho:job_http_request_duration_seconds_bucket:rate",
  seconds: "tacho:http_request_duration_seconds_sum:rate",
  inFlight: "tacho:http_requests_in_flight:sum",
  quantile: (q) => `max by (${ofRoute}) (tacho:http_request_duration_seconds:quantile${isQuantile(q)})`,
  jobQuantile: (q) => `max by (${ofService}) (tacho:job_http_request_duration_seconds:quantile${isQuantile(q)})`,
};

const isQuantile = (/** @type {number} */ q) => selector([["quantile", "=", String(q)]]);

/**
 * @param {string} window a PromQL duration
 * @returns {Source}
 */
export function raw(window) {
  const route = selector([hasRoute]);
  const buckets = `rate(http_request_duration_seconds_bucket${route}[${window}])`;
  const quantile = (/** @type {string} */ of) => (/** @type {number} */ q) =>
    `histogram_quantile(${q}, sum by (${of}, le) (${buckets}))`;
  return {
    name: "raw",
    window,
    requests: (...matchers) => `rate(http_requests_total${selector([hasRoute, ...matchers])}[${window}])`,
    jobBuckets: buckets,
    seconds: `rate(http_request_duration_seconds_sum${route}[${window}])`,
    inFlight: "http_requests_in_flight",
    quantile: quantile(ofRoute),
    jobQuantile: quantile(ofService),
  };
}

/** Where to look for requests: the first source that has any is taken. The last is for scrapes once a minute. */
export const sources = [recorded, raw("1m"), raw("5m")];

/**
 * parts are the queries behind the page's numbers: [name, PromQL]. Names ending
 * in "Of" are of whole services, the others of routes.
 * @param {Source} source
 * @returns {[string, string][]}
 */
export function parts(source) {
  const byRoute = (/** @type {string} */ v) => `sum by (${ofRoute}) (${v})`;
  const entries = Object.entries(quantiles);
  return [
    ["rate", byRoute(source.requests())],
    ["errors", `${byRoute(source.requests(errors))} > 0`],
    ["seconds", byRoute(source.seconds)],
    ...entries.map(([name, q]) => /** @type {[string, string]} */ ([name, source.quantile(q)])),
    ...entries.map(([name, q]) => /** @type {[string, string]} */ ([`${name}Of`, source.jobQuantile(q)])),
    ["inFlight", `sum by (${ofService}) (${source.inFlight})`],
    ["bounds", `count by (${ofService}, le) (${source.jobBuckets})`],
    ["targets", "count by (job) (up)"],
    ["down", "min by (job, instance) (up) == 0"],
  ];
}

/**
 * joined is one query for all parts of a source.
 * @param {Source} source
 */
export function joined(source) {
  return parts(source).map(([name, expr]) => `label_replace(${expr}, "part", ${quote(name)}, "", "")`).join("\nor\n");
}
