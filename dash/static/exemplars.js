// Traces from the exemplars of latency buckets. Pure.

import { matchersOf, selector } from "./queries.js";

/**
 * exemplarQuery selects the exemplars of a subject, by the names of schema.Default.
 * @param {import("./queries.js").Subject} subject
 */
export function exemplarQuery(subject) {
  return `http_request_duration_seconds_bucket${selector(matchersOf({ ...subject, schema: "" }))}`;
}

/**
 * An Exemplar is a request with a trace.
 * @typedef {{key: string, trace: string, seconds: number, at: number, route: string, status: string}} Exemplar
 */

/**
 * slowest are the slowest of the requests, each trace once.
 * @param {{seriesLabels: Record<string, string>, exemplars: {labels: Record<string, string>, value: string, timestamp: number}[]}[]} series
 * @param {number} most
 * @returns {Exemplar[]}
 */
export function slowest(series, most) {
  const found = new Map();
  for (const { seriesLabels, exemplars } of series) {
    for (const { labels, value, timestamp } of exemplars) {
      const trace = labels.trace_id ?? labels.traceID ?? "";
      const seconds = Number(value);
      if (!trace || !Number.isFinite(seconds) || found.has(trace)) continue;
      const { method = "", path = "", status = "" } = seriesLabels;
      found.set(trace, { key: trace, trace, seconds, at: Number(timestamp), route: `${method} ${path}`, status });
    }
  }
  return [...found.values()].sort((a, b) => b.seconds - a.seconds || b.at - a.at).slice(0, most);
}

/**
 * traceLink is the address of a trace, "" if none is configured.
 * @param {string} template with {trace_id} in it
 * @param {string} trace
 */
export const traceLink = (template, trace) => (template.includes("{trace_id}") ? template.replaceAll("{trace_id}", encodeURIComponent(trace)) : "");
