// The charts of a service or of one of its routes: what they ask. Pure.

import { matchersOf, quantiles, selector } from "./queries.js";
import { saturation } from "./names.js";
import { columns, withEnd } from "./range.js";
import { numberOf } from "./sample.js";

/**
 * A Panel is a chart. Its query gives one line for each value of the label by.
 * @typedef {object} Panel
 * @property {string} id a key of messages.js
 * @property {string} unit how its numbers are written: rate, ratio, latency or count
 * @property {string} by
 * @property {string} expr over the span: a point stands for all since the one before
 * @property {string} [end] the same now, as the numbers beside the chart say it
 * @property {string[]} [order] of the lines, where it is not that of their names
 * @property {boolean} [stacked]
 */

/**
 * panels are the charts of a subject.
 * @param {import("./queries.js").Subject} subject
 * @param {import("./queries.js").Source} source
 * @param {number} step seconds between two points
 * @param {number} every seconds between two evaluations of the rules, or two scrapes
 * @returns {Panel[]}
 */
export function panels(subject, source, step, every) {
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
    { id: "chartInFlight", unit: "count", by: "job", ...both((m) => `sum by (job) (${m.inFlight})`) },
    { id: "chartSaturation", unit: "ratio", by: "resource", order: ["cpu", "memory", "fds", "pool"], expr: saturation(subject, `${window}s`), end: saturation(subject, "60s") },
  ];
}

/** measures are what the panels draw, over the time between two points; a step of 0 is now. */
function measures(/** @type {import("./queries.js").Subject} */ subject, /** @type {import("./queries.js").Source} */ source, /** @type {number} */ step, /** @type {number} */ every) {
  const labels = matchersOf(subject);
  const ofRoute = subject.path !== undefined;
  return source.name === "recorded" ? recordedOver(labels, ofRoute, step, every) : rawOver(labels, source.window, step);
}

/**
 * What is recorded is of the last minute at least, of longer where scrapes are rare:
 * points that lie closer miss nothing.
 */
export const ruleWindow = 60;

/**
 * recordedOver reads what the rules record. A point stands for all that was
 * recorded since the one before, so that a short peak is seen in a long span too.
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

/**
 * nativeQuery asks for the native histograms of a subject, which schema.Default has
 * where the service offers them.
 * @param {import("./queries.js").Subject} subject
 * @param {number} step
 */
export const nativeQuery = (subject, step) =>
  `sum (rate(http_request_duration_seconds${selector(matchersOf({ ...subject, schema: "" }))}[${Math.max(step, 60)}s]))`;

/** byClass adds the class of the status as a label: 2xx, or other where it is no number. */
function byClass(/** @type {string} */ requests) {
  const classes = `label_replace(${requests}, "class", "\${1}xx", "status", "([1-5])..")`;
  return `label_replace(${classes}, "class", "other", "class", "")`;
}

/**
 * lines names the lines of a panel's answer, puts them in order and ends them with what
 * they are now. Of errors only those are wanted that are any.
 * @param {Panel} panel
 * @param {import("./api.js").Range} answer
 * @param {import("./model.js").Sample[]} [ends]
 * @param {number} [at] the moment of the ends
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
  const chosen = all.filter(({ name }) => panel.id !== "chartErrors" || name === "4xx" || name === "5xx")
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  return { times, names: chosen.map((l) => l.name), values: chosen.map((l) => l.values) };
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

/** The tiles that show what a line of a chart ends on, by panel and line. */
const tileOf = /** @type {Record<string, Record<string, string>>} */ ({
  chartLatency: { 0.5: "p50", 0.95: "p95", 0.99: "p99" },
  chartErrors: { "5xx": "errorRatio" },
});

/**
 * endsOf returns the numbers that charts end on. The tiles take them from there: another
 * query of the same moment may see a sample that came late.
 * @param {{panel: Panel, shown?: any}[]} charts
 */
export function endsOf(charts) {
  const ends = /** @type {Record<string, number>} */ ({});
  for (const { panel, shown } of charts) {
    for (const [i, name] of (shown?.names ?? []).entries()) {
      const id = tileOf[panel.id]?.[name];
      const end = shown.values?.[i]?.at(-1);
      if (id && Number.isFinite(end)) ends[id] = end;
    }
  }
  return ends;
}

/**
 * lastOf is what a line ends on: nothing, if it ended before the others. The time before
 * has no point for now.
 * @param {string} name
 * @param {(number | null)[]} column
 */
export const lastOf = (name, column) => (name === "before" ? column.findLast((v) => v !== null) : column.at(-1)) ?? null;

/**
 * What ticks of a unit are divided by where they need digits, and what is put behind them. The
 * texts of other units are plain numbers, which can be read back: a tick at 2.5 must not say 3.
 */
const tickUnits = /** @type {Record<string, [number, string][]>} */ ({
  ratio: [[0.01, " %"]],
  latency: [[60, " min"], [1, " s"], [1e-3, " ms"], [1e-6, " µs"], [1e-9, " ns"]],
  bytes: [[1 << 30, " GiB"], [1 << 20, " MiB"], [1 << 10, " KiB"], [1, " B"]],
});

/**
 * tickTexts writes the numbers at an axis, with as many digits as tell them apart and
 * say where they are.
 * @param {number[]} ticks
 * @param {string} unit
 * @param {(n: number) => string} write as numbers of the unit are written elsewhere
 */
export function tickTexts(ticks, unit, write) {
  const texts = ticks.map(write);
  const says = (/** @type {number} */ t, /** @type {string} */ text) => Math.abs(t) >= 1e6 || Math.abs(Number(text.replaceAll(",", "")) - t) <= 1e-9 * Math.abs(t);
  const exact = unit in tickUnits || ticks.every((t, i) => says(t, texts[i]));
  if (exact && new Set(texts).size === texts.length) return texts;
  const largest = Math.max(...ticks.map(Math.abs));
  const sizes = tickUnits[unit] ?? [[1, ""]];
  const [size, name] = sizes.find(([size]) => largest >= size) ?? sizes[sizes.length - 1];
  let digits = 0;
  const whole = (/** @type {number} */ n) => Math.abs(n - Math.round(n)) < 1e-6;
  while (digits < 12 && !ticks.every((t) => whole((t / size) * 10 ** digits))) digits++;
  return ticks.map((t) => (t / size).toFixed(digits) + name);
}
