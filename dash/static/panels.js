// The charts of a service or of one of its routes: their queries and lines. Pure.

import { errors, matchersOf, quantiles, quote, selector } from "./queries.js";
import { rateBy, saturation } from "./names.js";
import { columns, withEnd } from "./range.js";
import { numberOf } from "./sample.js";

/**
 * A Panel is a chart. Its query gives one line for each value of the label by.
 * @typedef {object} Panel
 * @property {string} id a key of messages.js
 * @property {string} unit format of its numbers: rate, ratio, latency or count
 * @property {string} by
 * @property {string} expr over the range: a point covers the time since the previous one
 * @property {string} [end] the same now, as the numbers beside the chart
 * @property {string[]} [order] of the lines, if not by name
 * @property {boolean} [stacked]
 * @property {number} [most] lines, those that end highest
 * @property {boolean} [compared] false for lines that the previous range may not have
 */

/**
 * panels are the charts of a subject.
 * @param {import("./queries.js").Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {number} step seconds between two points
 * @param {number} every seconds between two evaluations of the rules, or two scrapes
 * @param {import("./names.js").Names} [names] of the service's metrics: what is in flight is then by instance
 * @returns {Panel[]}
 */
export function panels(subject, source, step, every, names = { name: "" }) {
  const ofRoute = subject.path !== undefined;
  const over = measures(subject, source, step, every);
  const now = measures(subject, source, 0, every);
  const both = (/** @type {(m: ReturnType<typeof measures>) => string} */ write) => ({ expr: write(over), end: write(now) });
  const all = /** @type {Panel[]} */ ([
    { id: "chartRate", unit: "rate", by: "class", stacked: true, order: ["2xx", "3xx", "1xx", "4xx", "5xx"], ...both((m) => `sum by (class) (${byClass(m.requests)})`) },
    { id: "chartErrors", unit: "ratio", by: "class", order: ["5xx", "4xx"], ...both((m) => `sum by (class) (${byClass(m.requests)}) / ignoring (class) group_left sum (${m.requests})`) },
    { id: "chartLatency", unit: "latency", by: "quantile", order: Object.values(quantiles).map(String), ...both((m) => m.latency) },
    { id: "chartHeat", unit: "rate", by: "le", expr: `sum by (le) (${over.buckets})` },
  ]);
  if (ofRoute) return all;
  const window = Math.max(step, 60);
  return [...all,
    inFlight(subject, names, step) ?? { id: "chartInFlight", unit: "count", by: "job", ...both((m) => `sum by (job) (${m.inFlight})`) },
    { id: "chartSaturation", unit: "ratio", by: "resource", order: ["cpu", "memory", "fds", "pool"], expr: saturation(subject, `${window}s`), end: saturation(subject, "60s") },
  ];
}

/** The most lines of a chart by instance. */
const maxInstances = 8;

/** inFlight are the requests in flight by instance; null if the service does not count them. */
function inFlight(/** @type {import("./queries.js").Subject} */ { job }, /** @type {import("./names.js").Names} */ names, /** @type {number} */ step) {
  const metric = names.inFlight && names.inFlight.metric + selector([["job", "=", job]]);
  if (!metric) return null;
  const most = step > ruleWindow ? `max_over_time(${metric}[${step}s])` : metric;
  return { id: "chartInFlight", unit: "count", by: "instance", most: maxInstances, compared: false, expr: `sum by (instance) (${most})`, end: `sum by (instance) (${metric})` };
}

/**
 * byInstance is the fourth chart of a route: its errors by instance, or its mean latency if it is slow; null
 * if the service's metrics do not have it.
 * @param {import("./queries.js").Subject} subject
 * @param {import("./names.js").Names} names
 * @param {boolean} slow
 * @param {number} step
 * @returns {Panel | null}
 */
export function byInstance(subject, names, slow, step) {
  const per = (/** @type {string} */ window) => {
    const of = (/** @type {any} */ family, /** @type {string} */ suffix, failed = false) => rateBy(family, suffix, ["instance"], subject, window, failed);
    if (slow) {
      const [seconds, count] = [of(names.duration, "_sum"), of(names.duration, "_count")];
      return seconds && count && `(${seconds}) / (${count})`;
    }
    const [failed, all] = [of(names.requests, "", true), of(names.requests, "")];
    // An instance without errors has no series of them.
    return failed && all && `(${failed}) / (${all}) or (${all}) * 0`;
  };
  const expr = per(`${Math.max(step, 60)}s`);
  return expr ? { id: slow ? "chartSlowInstances" : "chartBadInstances", unit: slow ? "latency" : "ratio", by: "instance", most: maxInstances, compared: false, expr, end: per("60s") || undefined } : null;
}

/** measures are what the panels draw, over the time between two points; a step of 0 is now. */
function measures(/** @type {import("./queries.js").Subject} */ subject, /** @type {import("./queries.js").Source} */ source, /** @type {number} */ step, /** @type {number} */ every) {
  const labels = matchersOf(subject);
  const ofRoute = subject.path !== undefined;
  return source.name === "recorded" ? recordedOver(labels, ofRoute, step, every) : rawOver(labels, source.window, step);
}

/**
 * Recorded rates cover at least one minute, more if scrapes are rare: closer points miss
 * nothing.
 */
export const ruleWindow = 60;

/**
 * recordedOver queries recorded metrics. A point covers the time since the previous one,
 * so that a short peak is visible in a long range, too.
 */
function recordedOver(/** @type {string[][]} */ labels, /** @type {boolean} */ ofRoute, /** @type {number} */ step, /** @type {number} */ every) {
  const over = (/** @type {string} */ f, /** @type {string} */ metric) =>
    step > Math.max(every, ruleWindow) ? `${f}_over_time(${metric}${selector(labels)}[${step}s])` : metric + selector(labels);
  const family = ofRoute ? "tacho:http_request_duration_seconds:quantile" : "tacho:job_http_request_duration_seconds:quantile";
  return {
    requests: over("avg", ofRoute ? "tacho:http_requests:rate" : "tacho:job_http_requests_by_status:rate"),
    latency: `max by (quantile) (${over("max", family)})`,
    inFlight: over("max", "tacho:http_requests_in_flight:sum"),
    buckets: over("avg", ofRoute ? "tacho:http_request_duration_seconds_bucket:rate" : "tacho:job_http_request_duration_seconds_bucket:rate"),
  };
}

/** rawOver queries the same from the metrics of schema.Default. */
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

/** seconds is the length of a window such as 1m. */
const seconds = (/** @type {string} */ window) => Number.parseInt(window, 10) * 60;

/**
 * nativeQuery is the query for a subject's native histograms, if the service exports
 * them under schema.Default.
 * @param {import("./queries.js").Subject} subject
 * @param {number} step
 */
export const nativeQuery = (subject, step) =>
  `sum (rate(http_request_duration_seconds${selector(matchersOf({ ...subject, schema: "" }))}[${Math.max(step, 60)}s]))`;

/** The codes of RPCs that failed through their clients, in every spelling. */
const clientCodes = "[135-9]|1[016]|(?i:cancell?ed|invalid_?argument|not_?found|already_?exists|permission_?denied|" +
  "resource_?exhausted|failed_?precondition|aborted|out_?of_?range|unauthenticated)";

/**
 * byClass adds the status class as a label: 2xx, or other if the status is not a number. Codes of RPCs
 * are in the class of the HTTP statuses that they correspond to.
 */
function byClass(/** @type {string} */ requests) {
  const inClass = (/** @type {string} */ expr, /** @type {string} */ name, /** @type {string} */ statuses) =>
    `label_replace(${expr}, "class", ${quote(name)}, "status", ${quote(statuses)})`;
  const numbers = inClass(requests, "${1}xx", "([1-5])..");
  const classes = [["2xx", "0|(?i:ok)"], ["4xx", clientCodes], ["5xx", errors[2]]].reduce((expr, [name, statuses]) => inClass(expr, name, statuses), numbers);
  return `label_replace(${classes}, "class", "other", "class", "")`;
}

/**
 * lines names and sorts the lines of a panel's result, and appends their current values.
 * Of the error chart only 5xx is kept; it is 0 while there are requests and none of them fails.
 * @param {Panel} panel
 * @param {import("./api.js").Range} answer
 * @param {import("./model.js").Sample[]} [ends]
 * @param {number} [at] the time of the ends
 * @returns {{times: number[], names: string[], values: (number | null)[][]}}
 */
export function lines(panel, answer, ends = [], at = 0) {
  const [first] = columns(answer);
  const nameOf = (/** @type {Record<string, string>} */ metric) => metric[panel.by] ?? "";
  const [times, all] = withEnd(
    answer.series.map((s) => ({ name: nameOf(s.metric), values: s.values })), first,
    ends.map((s) => ({ name: nameOf(s.metric), value: numberOf(s.value[1]) })), ends.length ? at : 0);
  const rank = (/** @type {string} */ name) => {
    const i = (panel.order ?? []).indexOf(name);
    return i < 0 ? Infinity : i;
  };
  const kept = panel.id === "chartErrors" ? failures(all) : highest(all, panel.most);
  const chosen = kept.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  return { times, names: chosen.map((l) => l.name), values: chosen.map((l) => l.values) };
}

/** @typedef {{name: string, values: (number | null)[]}} Line */

/** failures is the line of 5xx. A request whose status is no number may have failed: there is no line without one. */
function failures(/** @type {Line[]} */ all) {
  const numbers = all.filter(({ name }) => /^[1-5]xx$/.test(name));
  const failed = numbers.find(({ name }) => name === "5xx");
  if (numbers.length === 0) return [];
  const some = numbers[0].values.map((_, i) => numbers.some(({ values }) => values[i] !== null));
  return [{ name: "5xx", values: some.map((any, i) => failed?.values[i] ?? (any ? 0 : null)) }];
}

/** highest are the lines that end highest. */
function highest(/** @type {Line[]} */ all, most = Infinity) {
  const last = (/** @type {Line} */ { values }) => values.findLast((v) => v !== null) ?? -Infinity;
  return all.length <= most ? all : [...all].sort((a, b) => last(b) - last(a)).slice(0, most);
}

/**
 * stack adds each column to the previous ones, so that the last one is the sum. A missing
 * value counts as zero; if all are missing, there is a gap.
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

/** The line of a panel that is compared with the previous range; stacked lines are summed. */
const standsFor = /** @type {Record<string, string>} */ ({ chartErrors: "5xx", chartLatency: "0.95" });

/**
 * compared is the line of the previous range, or null if it has no data.
 * @param {Panel} panel
 * @param {string[]} names
 * @param {(number | null)[][]} values
 */
export function compared(panel, names, values) {
  if (panel.stacked) return stack(values).at(-1) ?? null;
  const i = panel.id in standsFor ? names.indexOf(standsFor[panel.id]) : 0;
  return values[i] ?? null;
}

/**
 * endOf is the value on which a chart ends: of a line, or of the sum of stacked lines; NaN if there is none.
 * The number above the chart shows it, because another query for the same time can see a late sample.
 * @param {{names: string[], values: (number | null)[][], drawn: (number | null)[][], stacked: boolean}} shown
 * @param {string} [name] of a line; the last one of a stack, otherwise the first
 */
export function endOf({ names, values, drawn, stacked }, name) {
  const i = name ? names.indexOf(name) : stacked ? names.findLastIndex((n) => n !== "before") : 0;
  return (stacked && !name ? drawn : values)[i]?.at(-1) ?? NaN;
}

/**
 * lastOf is the last value of a line; null if it ended before the others. The previous
 * range has no current point.
 * @param {string} name
 * @param {(number | null)[]} column
 */
export const lastOf = (name, column) => (name === "before" ? column.findLast((v) => v !== null) : column.at(-1)) ?? null;

/**
 * Divisors and suffixes of ticks by unit. Ticks of other units are plain numbers and must be
 * exact: a tick at 2.5 must not read 3.
 */
const tickUnits = /** @type {Record<string, [number, string][]>} */ ({
  ratio: [[0.01, "%"]],
  latency: [[60, " min"], [1, " s"], [1e-3, " ms"], [1e-6, " µs"], [1e-9, " ns"]],
  bytes: [[1 << 30, " GiB"], [1 << 20, " MiB"], [1 << 10, " KiB"], [1, " B"]],
});

/**
 * tickTexts formats the numbers of an axis with enough digits to tell them apart and to be
 * exact.
 * @param {number[]} ticks
 * @param {string} unit
 * @param {(n: number) => string} write as numbers of the unit are written elsewhere
 */
export function tickTexts(ticks, unit, write) {
  const texts = ticks.map(write);
  const says = (/** @type {number} */ t, /** @type {string} */ text) => Math.abs(t) >= 1e6 || Math.abs(Number(text.replaceAll(",", "")) - t) <= 1e-9 * Math.abs(t);
  // As short as they can be: 20 and 40, not 20.0 and 40.0.
  const short = (unit === "rate" || unit === "ratio") && Math.max(...ticks.map(Math.abs)) < 1e4;
  const exact = !short && (unit in tickUnits || ticks.every((t, i) => says(t, texts[i])));
  if (exact && new Set(texts).size === texts.length) return texts.map((text, i) => (ticks[i] === 0 && unit in tickUnits ? "0" : text));
  const largest = Math.max(...ticks.map(Math.abs));
  const sizes = tickUnits[unit] ?? [[1, ""]];
  const [size, name] = sizes.find(([size]) => largest >= size) ?? sizes[sizes.length - 1];
  let digits = 0;
  const whole = (/** @type {number} */ n) => Math.abs(n - Math.round(n)) < 1e-6;
  while (digits < 12 && !ticks.every((t) => whole((t / size) * 10 ** digits))) digits++;
  return ticks.map((t) => (t === 0 && name.startsWith(" ") ? "0" : (t / size).toFixed(digits).replace("-", "−") + name));
}
