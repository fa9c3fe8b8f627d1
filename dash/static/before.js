// The selected time range and the previous one, by service. Pure.

import { saturation } from "./names.js";
import { errors, matchersOf, selector, union } from "./queries.js";
import { ruleWindow } from "./panels.js";
import { shiftOf } from "./range.js";
import { numberOf } from "./sample.js";

const ofService = "job, schema";
const ofStatus = "tacho:job_http_requests_by_status:rate";

/** over is the mean of a recorded metric, or the rate of a counter, over an earlier range. */
function over(/** @type {import("./queries.js").Source} */ source, /** @type {string} */ recorded, /** @type {string} */ counter, /** @type {string[][]} */ matchers, /** @type {number} */ seconds, /** @type {string} */ offset) {
  return source.name === "recorded"
    ? `avg_over_time(${recorded}${selector(matchers)}[${seconds}s]${offset})`
    : `rate(${counter}${selector(matchers)}[${seconds}s]${offset})`;
}

/**
 * overviewLines is the query for the request and error rates of all services over the range.
 * @param {Pick<import("./now.js").Now, "source" | "step" | "every">} now
 */
export function overviewLines({ source, step, every }) {
  const window = source.name === "recorded" ? Math.max(step, every) : Math.max(step, 60);
  return [[], [errors]].map((matchers) =>
    `sum by (${ofService}) (${step <= Math.max(every, ruleWindow) && source.name === "recorded" ? ofStatus + selector(matchers) : over(source, ofStatus, "http_requests_total", matchers, window, "")})`);
}

/**
 * meansBefore is the query for the means of a service or a route over the compared range.
 * @param {Pick<import("./now.js").Now, "source" | "edges" | "view" | "step">} now
 * @param {import("./queries.js").Subject} subject
 */
export function meansBefore({ source, edges, view, step }, subject) {
  const seconds = Math.round(edges.to - edges.from);
  const offset = ` offset ${shiftOf(view.compare, edges)}s`;
  const labels = matchersOf(subject);
  const ofRoute = subject.path !== undefined;
  const requests = (/** @type {string[][]} */ more) => `sum (${over(source, ofRoute ? "tacho:http_requests:rate" : ofStatus, "http_requests_total", [...labels, ...more], seconds, offset)})`;
  const quantile = `tacho:${ofRoute ? "" : "job_"}http_request_duration_seconds:quantile`;
  const p95 = source.name === "recorded"
    ? `max (${over(source, quantile, "", [...labels, ["quantile", "=", "0.95"]], seconds, offset)})`
    : `histogram_quantile(0.95, sum by (le) (${over(source, "", "http_request_duration_seconds_bucket", labels, seconds, offset)}))`;
  const parts = /** @type {[string, string][]} */ ([["rate", requests([])], ["errors", requests([errors])], ["p95", p95]]);
  if (!ofRoute) parts.push(["saturation", `avg_over_time((${saturation(subject, "60s")})[${seconds}s:${Math.max(step, 15)}s]${offset})`]);
  return union(parts);
}

/**
 * Means are those of the compared range, by the ID of a chart; of saturation by resource.
 * @typedef {{chartRate: number, chartErrors: number, chartLatency: number, resources: Record<string, number>}} Means
 */

/**
 * meansOf reads the result.
 * @param {import("./model.js").Sample[]} samples
 * @returns {Means}
 */
export function meansOf(samples) {
  const of = (/** @type {string} */ part) => numberOf(samples.find((s) => s.metric.part === part)?.value[1] ?? "NaN");
  const rate = of("rate");
  return {
    chartRate: rate, chartErrors: rate > 0 ? (of("errors") || 0) / rate : NaN, chartLatency: of("p95"),
    resources: Object.fromEntries(samples.filter((s) => s.metric.part === "saturation").map((s) => [s.metric.resource ?? "", numberOf(s.value[1])])),
  };
}
