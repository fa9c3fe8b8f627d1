// The service level objectives, as their recording rules tell them. Pure.

import { secondsOf } from "./duration.js";
import { numberOf } from "./sample.js";

/** The recorded metrics of all objectives, in one query. */
export const objectivesQuery = '{__name__=~"tacho:slo_(objective|burn_rate|error_budget):(ratio|limit)|tacho:slo_(bad_)?events:sum|tacho:slo_nearest_bound:seconds"}';

/**
 * An Objective is what is promised and what is left of its budget.
 * @typedef {object} Objective
 * @property {string} key
 * @property {string} name
 * @property {string} job
 * @property {string} kind availability, latency or events
 * @property {string} of the method and the route, "" for all requests
 * @property {number} below seconds, for a latency
 * @property {number[]} bounds the nearest bucket bounds in seconds, if the limit is none and there is no data for that reason
 * @property {number} target
 * @property {string} period such as 30d
 * @property {number} left of the budget, 1 for all; below 0 once it is overspent; NaN if unknown
 * @property {number} events within the period
 * @property {number} bad those of them that were
 * @property {Map<string, number>} burns burn rates by window
 * @property {{long: string, short: string, limit: number, severity: string}[]} pairs that alert, the shortest first
 * @property {boolean} idle nothing was requested in the longest of the pairs' windows
 */

/**
 * objectivesOf reads the samples of the query.
 * @param {import("./model.js").Sample[]} samples
 * @returns {Objective[]} those that are empty soonest first
 */
export function objectivesOf(samples) {
  /** @type {Map<string, Objective>} */
  const all = new Map();
  for (const { metric } of samples.filter((s) => s.metric.__name__ === "tacho:slo_objective:ratio")) all.set(keyOf(metric), objectiveOf(metric));
  for (const { metric, value } of samples) {
    const o = all.get(keyOf(metric));
    if (o) readers[metric.__name__]?.(o, metric, numberOf(value[1]));
  }
  for (const o of all.values()) {
    o.bounds.sort((a, b) => a - b);
    o.pairs.sort((a, b) => secondsOf(a.long) - secondsOf(b.long));
    o.idle = ![...o.burns].some(([window, burn]) => window !== o.period && burn > 0) && !(o.events > 0);
  }
  return [...all.values()].sort((a, b) => emptyIn(a) - emptyIn(b) || a.left - b.left || a.key.localeCompare(b.key));
}

const keyOf = (/** @type {Record<string, string>} */ { job = "", slo = "" }) => JSON.stringify([job, slo]);

/** @returns {Objective} */
const objectiveOf = (/** @type {Record<string, string>} */ m) => ({
  key: keyOf(m), name: m.slo ?? "", job: m.job ?? "", kind: m.kind ?? "", of: [m.method, m.path].filter(Boolean).join(" "), below: numberOf(m.below ?? "NaN"),
  target: NaN, period: m.window ?? "", left: NaN, events: NaN, bad: NaN, burns: new Map(), pairs: [], bounds: [], idle: false,
});

/** What each metric tells about its objective. */
const readers = /** @type {Record<string, (o: Objective, metric: Record<string, string>, n: number) => void>} */ ({
  "tacho:slo_objective:ratio": (o, _, n) => { o.target = n; },
  "tacho:slo_error_budget:ratio": (o, _, n) => { o.left = n; },
  "tacho:slo_burn_rate:ratio": (o, m, n) => { o.burns.set(m.window ?? "", n); },
  "tacho:slo_burn_rate:limit": (o, m, n) => { o.pairs.push({ long: m.window ?? "", short: m.short ?? "", limit: n, severity: m.severity ?? "" }); },
  "tacho:slo_nearest_bound:seconds": (o, _, n) => { o.bounds.push(n); },
  "tacho:slo_events:sum": (o, m, n) => { if (m.window === o.period) o.events = n; },
  "tacho:slo_bad_events:sum": (o, m, n) => { if (m.window === o.period) o.bad = n; },
});

/** burnNow is the burn rate over the shortest window. */
export const burnNow = (/** @type {Objective} */ o) => o.burns.get(o.pairs[0]?.short ?? "") ?? NaN;

/** emptyIn is when nothing is left at the current rate, in seconds; Infinity if that takes longer than the period. */
export function emptyIn(/** @type {Objective} */ o) {
  if (o.left <= 0) return 0;
  const seconds = (o.left * secondsOf(o.period)) / burnNow(o);
  return seconds > 0 && seconds < secondsOf(o.period) ? seconds : Infinity;
}

/** fires reports whether both windows of a pair are above its limit. */
export const fires = (/** @type {Objective} */ o, /** @type {Objective["pairs"][number]} */ { long, short, limit }) => (o.burns.get(long) ?? 0) > limit && (o.burns.get(short) ?? 0) > limit;

/** stateOf is an objective's state, as a service has one. */
export function stateOf(/** @type {Objective} */ o) {
  const firing = o.pairs.filter((p) => fires(o, p));
  if (o.left <= 0 || firing.some((p) => p.severity === "critical")) return "errors";
  if (firing.length > 0) return "slow";
  if (Number.isNaN(o.left)) return "noData";
  return o.idle ? "idle" : "healthy";
}

/** requestsLeft may still fail: those that the budget allows of what there was, without those that did. */
export const requestsLeft = (/** @type {Objective} */ o) => Math.max(0, Math.floor(o.events * (1 - o.target) - o.bad + 1e-9));

/** kept is the share of good events. */
export const kept = (/** @type {Objective} */ o) => (o.events > 0 ? 1 - o.bad / o.events : 1);

/** windowsOf are four windows: now, and the long ones of three pairs. */
export const windowsOf = (/** @type {Objective} */ { pairs }) => (pairs.length ? [pairs[0].short, ...[0, 1, pairs.length - 1].map((i) => pairs[Math.min(i, pairs.length - 1)].long)] : []);

/** toneOf is how a burn rate is colored: by the pairs that have the window. */
export function toneOf(/** @type {Objective} */ o, /** @type {string} */ window, /** @type {number} */ burn) {
  const over = o.pairs.filter((p) => (p.long === window || p.short === window) && burn > p.limit);
  return over.some((p) => p.severity === "critical") ? "bad" : over.length > 0 ? "warn" : "";
}

/**
 * firesIn is when a pair fires if the shortest window's rate goes on, in seconds; 0 if it does, Infinity if never.
 * The long window needs that much of the excess.
 */
export function firesIn(/** @type {Objective} */ o, /** @type {Objective["pairs"][number]} */ pair) {
  const [now, long] = [burnNow(o), o.burns.get(pair.long) ?? 0];
  if (fires(o, pair)) return 0;
  if (!(now > pair.limit)) return Infinity;
  return Math.max(0, ((pair.limit - long) * secondsOf(pair.long)) / (now - long)) || Infinity;
}

/** Targets that are suggested, the strictest first. */
const targets = [0.999, 0.995, 0.99, 0.98, 0.95, 0.9];

/**
 * suggested is the strictest target of which the last days would have spent at most half of the budget; NaN for none.
 * @param {number} good the share of good events
 */
export const suggested = (good) => targets.find((t) => (1 - good) * 2 <= 1 - t + 1e-12) ?? NaN;

/**
 * suggestions are objectives for each service, from its own last days.
 * @param {import("./model.js").Sample[]} samples with the parts errors, requests, and buckets with le
 * @returns {{job: string, texts: string[]}[]}
 */
export function suggestions(samples) {
  /** @type {Map<string, {errors: number, requests: number, buckets: [number, number][]}>} */
  const jobs = new Map();
  for (const { metric: { job = "", part, le }, value } of samples) {
    const n = numberOf(value[1]);
    if (!jobs.has(job)) jobs.set(job, { errors: 0, requests: 0, buckets: [] });
    const of = /** @type {{errors: number, requests: number, buckets: [number, number][]}} */ (jobs.get(job));
    if (part === "bucket") of.buckets.push([numberOf(le), n]);
    else if (part === "errors" || part === "requests") of[part] = n;
  }
  return [...jobs].filter(([job, of]) => job && of.requests > 0).sort(([a], [b]) => a.localeCompare(b)).map(([job, of]) => ({ job, texts: textsOf(job, of) })).filter((s) => s.texts.length > 0);
}

function textsOf(/** @type {string} */ job, /** @type {{errors: number, requests: number, buckets: [number, number][]}} */ { errors, requests, buckets }) {
  const name = /^[^\s:"{]+$/.test(job) ? job : JSON.stringify(job);
  const target = suggested(1 - errors / requests);
  const all = Number.isNaN(target) ? [] : [`${name}: ${percent(target)} available`];
  buckets.sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  // Half of the budget of 99% would have been spent.
  const bound = buckets.find(([le, n]) => Number.isFinite(le) && total > 0 && n / total >= 0.995);
  if (bound) all.push(`${name}: 99% below ${bound[0] < 1 ? `${Number((bound[0] * 1000).toPrecision(6))}ms` : `${bound[0]}s`}`);
  return all;
}

/** percent writes a target exactly: 99.95%. */
export const percent = (/** @type {number} */ n) => `${Number((n * 100).toPrecision(10))}%`;
