// The chosen span against the one before it, by service. Pure.

import { errors, selector, union } from "./queries.js";
import { ruleWindow } from "./panels.js";
import { shiftOf } from "./range.js";
import { numberOf } from "./sample.js";

const ofService = "job, schema";
const ofStatus = "tacho:job_http_requests_by_status:rate";

/** over is what a recorded metric, or a counter, was on average over a time that ended earlier. */
function over(/** @type {import("./queries.js").Source} */ source, /** @type {string} */ recorded, /** @type {string} */ counter, /** @type {string[][]} */ matchers, /** @type {number} */ seconds, /** @type {string} */ offset) {
  return source.name === "recorded"
    ? `avg_over_time(${recorded}${selector(matchers)}[${seconds}s]${offset})`
    : `rate(${counter}${selector(matchers)}[${seconds}s]${offset})`;
}

/**
 * spanMeans asks for the means of the chosen span and of the earlier one, of all services.
 * @param {Pick<import("./now.js").Now, "source" | "edges" | "view">} now
 */
export function spanMeans({ source, edges, view }) {
  const seconds = Math.round(edges.to - edges.from);
  const spans = [["", ""], ["Before", ` offset ${shiftOf(view.compare, edges)}s`]];
  return union(/** @type {[string, string][]} */ (spans.flatMap(([when, offset]) => {
    const requests = (/** @type {string[][]} */ matchers) => `sum by (${ofService}) (${over(source, ofStatus, "http_requests_total", matchers, seconds, offset)})`;
    const latency = `max by (${ofService}) (${over(source, "tacho:job_http_request_duration_seconds:quantile", "", [["quantile", "=", "0.95"]], seconds, offset)})`;
    return [
      [`rate${when}`, requests([])], [`errors${when}`, requests([errors])],
      ...(source.name === "recorded" ? [[`p95${when}`, latency]] : []),
    ];
  })));
}

/**
 * spansOf reads the answer: for each service, by the id of a tile, the mean of the span
 * and that of the one before.
 * @param {import("./model.js").Sample[] | undefined} samples
 * @returns {Map<string, Record<string, [number, number]>> | undefined}
 */
export function spansOf(samples) {
  if (!samples) return undefined;
  /** @type {Map<string, Record<string, number>>} */
  const found = new Map();
  for (const { metric, value } of samples) {
    const key = JSON.stringify([metric.job ?? "", metric.schema ?? ""]);
    if (!found.has(key)) found.set(key, {});
    Object.assign(/** @type {Record<string, number>} */ (found.get(key)), { [metric.part]: numberOf(value[1]) });
  }
  return new Map([...found].map(([key, n]) => [key, /** @type {Record<string, [number, number]>} */ ({
    rate: [n.rate, n.rateBefore],
    errorRatio: [(n.errors ?? 0) / n.rate, (n.errorsBefore ?? 0) / n.rateBefore],
    p95: [n.p95, n.p95Before],
  })]));
}

/**
 * overviewLines asks for the rate of all services over the span, and for that of their errors.
 * @param {Pick<import("./now.js").Now, "source" | "step" | "every">} now
 */
export function overviewLines({ source, step, every }) {
  const window = source.name === "recorded" ? Math.max(step, every) : Math.max(step, 60);
  return [[], [errors]].map((matchers) =>
    `sum by (${ofService}) (${step <= Math.max(every, ruleWindow) && source.name === "recorded" ? ofStatus + selector(matchers) : over(source, ofStatus, "http_requests_total", matchers, window, "")})`);
}
