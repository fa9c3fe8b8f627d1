// The page's PromQL queries. Pure.
//
// A snapshot is one query: its parts are joined by "or" and marked by a label "part". So
// all numbers have the same time, and a remote server costs one round trip.

/** Statuses that are errors, as in schema.ErrorStatus: by number, in words, or codes of RPCs. 499, client gone, is none. */
const errorStatus = [
  "5..", "Internal Server Error", "Not Implemented", "Bad Gateway", "Service Unavailable", "Gateway Timeout",
  "HTTP Version Not Supported", "Variant Also Negotiates", "Insufficient Storage", "Loop Detected", "Not Extended",
  "Network Authentication Required",
  "2", "Unknown", "UNKNOWN", "unknown", "4", "DeadlineExceeded", "DEADLINE_EXCEEDED", "deadline_exceeded",
  "12", "Unimplemented", "UNIMPLEMENTED", "unimplemented", "13", "Internal", "INTERNAL", "internal",
  "14", "Unavailable", "UNAVAILABLE", "unavailable", "15", "DataLoss", "DATA_LOSS", "data_loss",
].join("|");

/** errors is the matcher of answers that are. */
export const errors = ["status", "=~", errorStatus];

/** isError matches the statuses of failed requests. */
export const isError = new RegExp(`^(?:${errorStatus})$`);
const hasRoute = ["path", "!=", ""];

/** The quantiles of every table, by the name of their column. */
export const quantiles = { p50: 0.5, p95: 0.95, p99: 0.99 };

/**
 * quote writes any text as a PromQL string. Invisible and bidi characters are escaped,
 * since queries are displayed.
 * @param {string} text
 */
export function quote(text) {
  const escaped = text.replace(/[\\"\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (c) => {
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
 * A Source is where the numbers come from: recorded by tacho's rules, or computed from the
 * metrics of schema.Default. The latter must have the route label, because other libraries
 * use the same names with other labels. All functions take label matchers.
 * @typedef {string[][]} Matchers each [name, operator, value]
 * @typedef {object} Source
 * @property {string} name
 * @property {string} window a PromQL duration, "" if the rules chose it
 * @property {(matchers: Matchers) => string} requests
 * @property {(matchers: Matchers) => string} jobBuckets the buckets of a service, for their bounds
 * @property {(matchers: Matchers) => string} seconds
 * @property {(matchers: Matchers) => string} inFlight
 * @property {(q: number, matchers: Matchers) => string} quantile of routes
 * @property {(q: number, matchers: Matchers) => string} jobQuantile of whole services
 */

/**
 * Quantiles cannot be added. If Prometheus has one twice, because it federates several
 * servers that evaluate the rules, the page shows the higher one.
 * @type {Source}
 */
export const recorded = {
  name: "recorded",
  window: "",
  requests: (matchers) => `tacho:http_requests:rate${selector(matchers)}`,
  jobBuckets: (matchers) => `tacho:job_http_request_duration_seconds_bucket:rate${selector(matchers)}`,
  seconds: (matchers) => `tacho:http_request_duration_seconds_sum:rate${selector(matchers)}`,
  inFlight: (matchers) => `tacho:http_requests_in_flight:sum${selector(matchers)}`,
  quantile: (q, matchers) => `max by (${ofRoute}) (tacho:http_request_duration_seconds:quantile${isQuantile(q, matchers)})`,
  jobQuantile: (q, matchers) => `max by (${ofService}) (tacho:job_http_request_duration_seconds:quantile${isQuantile(q, matchers)})`,
};

const isQuantile = (/** @type {number} */ q, /** @type {Matchers} */ matchers) => selector([...matchers, ["quantile", "=", String(q)]]);

/**
 * @param {string} window a PromQL duration
 * @returns {Source}
 */
export function raw(window) {
  const buckets = (/** @type {Matchers} */ matchers) => `rate(http_request_duration_seconds_bucket${selector([hasRoute, ...matchers])}[${window}])`;
  const quantile = (/** @type {string} */ of) => (/** @type {number} */ q, /** @type {Matchers} */ matchers) =>
    `histogram_quantile(${q}, sum by (${of}, le) (${buckets(matchers)}))`;
  return {
    name: "raw",
    window,
    requests: (matchers) => counted([hasRoute, ...matchers], window),
    jobBuckets: buckets,
    seconds: (matchers) => `rate(http_request_duration_seconds_sum${selector([hasRoute, ...matchers])}[${window}])`,
    inFlight: (matchers) => `http_requests_in_flight${selector(matchers)}`,
    quantile: quantile(ofRoute),
    jobQuantile: quantile(ofService),
  };
}

/**
 * counted is the request rate: of the counter, or of the latency's count in jobs without a
 * counter.
 * @param {Matchers} matchers
 * @param {string} window a PromQL duration
 */
export function counted(matchers, window) {
  const rate = (/** @type {string} */ name) => `rate(${name}${selector(matchers)}[${window}])`;
  const counters = `http_requests_total${selector(matchers.filter(([name]) => name === "job" || name === "path"))}`;
  return `(${rate("http_requests_total")} or (${rate("http_request_duration_seconds_count")} unless on (job) group by (job) (${counters})))`;
}

/** The sources, in order: the first with requests is used. The last is for scrapes once a minute. */
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
    ["rate", byRoute(source.requests([]))],
    ["errors", `${byRoute(source.requests([errors]))} > 0`],
    ["statusless", `count by (${ofRoute}) (${source.requests([["status", "=", ""]])})`],
    ["seconds", byRoute(source.seconds([]))],
    ...entries.map(([name, q]) => /** @type {[string, string]} */ ([name, source.quantile(q, [])])),
    ...entries.map(([name, q]) => /** @type {[string, string]} */ ([`${name}Of`, source.jobQuantile(q, [])])),
    ["inFlight", `sum by (${ofService}) (${source.inFlight([])})`],
    ["bounds", `count by (${ofService}, le) (${source.jobBuckets([])})`],
    ["targets", "count by (job) (up)"],
    ["down", "min by (job, instance) (up) == 0"],
  ];
}

/** oldest is when the first sample of the last quarter of an hour was taken, in seconds since the epoch. */
export const oldest = "min (min_over_time(timestamp(up)[15m:1m]))";

/**
 * joined is one query for all parts of a source.
 * @param {Source} source
 */
export const joined = (source) => union(parts(source));

/**
 * union is one query for several, each marked by its name in the label "part".
 * @param {[string, string][]} named
 */
export const union = (named) =>
  named.map(([name, expr]) => `label_replace(${expr}, "part", ${quote(name)}, "", "")`).join("\nor\n");

/**
 * A Subject is a service, or one of its routes.
 * @typedef {object} Subject
 * @property {string} job
 * @property {string} schema "" if there is only one
 * @property {string} [method]
 * @property {string} [path]
 * @property {string[][]} [more] matchers of the service's own metrics
 */

/**
 * matchersOf are the label matchers of a subject.
 * @param {Subject} subject
 * @returns {Matchers}
 */
export function matchersOf({ job, schema, method, path }) {
  const matchers = [["job", "=", job]];
  if (schema) matchers.push(["schema", "=", schema]);
  if (path !== undefined) matchers.push(["method", "=", method ?? ""], ["path", "=", path]);
  return matchers;
}

/**
 * numberQuery is the query behind one of the page's numbers, for anyone who wants to check
 * it; "" if it takes more than one query.
 * @param {Source} source
 * @param {string} id of a tile or a column
 * @param {Subject} subject
 */
export function numberQuery(source, id, subject) {
  const matchers = matchersOf(subject);
  const ofJob = matchersOf({ job: subject.job, schema: subject.schema });
  const q = /** @type {Record<string, number>} */ (quantiles)[id];
  if (q) return subject.path === undefined ? source.jobQuantile(q, matchers) : source.quantile(q, matchers);
  switch (id) {
    case "rate": return `sum (${source.requests(matchers)})`;
    case "errorRatio": return `(sum (${source.requests([...matchers, errors])}) or vector(0)) / sum (${source.requests(matchers)})`;
    case "share": return `sum (${source.seconds(matchers)}) / sum (${source.seconds(ofJob)})`;
    case "inFlight": return `sum (${source.inFlight(ofJob)})`;
    case "targets": return `up${selector([["job", "=", subject.job]])}`;
  }
  return "";
}
