// From Prometheus's samples to services and routes. Pure.

import { secondsOf } from "./duration.js";
import { quantiles } from "./queries.js";
import { numberOf } from "./sample.js";

/** The thresholds of an unhealthy route: those of the default alerts. */
export const limits = {
  errorRatio: 0.05,
  slow: 1, // seconds, of p95
  traffic: 0.05, // errors (or requests) per second: three a minute; a single failure does not change the state
};

/**
 * The limits of services and routes, as the server's last verdict had them.
 * @type {Map<string, {errorRatio: number, slow: number}>}
 */
const own = new Map();

const scope = (/** @type {string} */ job, /** @type {string} */ path) => JSON.stringify([job, path]);

/**
 * learnLimits keeps the limits of a service, or of one of its routes, for moments that have no verdict.
 * @param {string} job
 * @param {string} path "" for all routes
 * @param {{errorRatio: number, latency: number}} of seconds
 */
export const learnLimits = (job, path, of) => own.set(scope(job, path), { errorRatio: of.errorRatio, slow: of.latency });

/**
 * limitsOf are the limits of a route; those of the default alerts if the server told none.
 * @param {string} job
 * @param {string} [path]
 */
export const limitsOf = (job, path = "") => own.get(scope(job, path)) ?? own.get(scope(job, "")) ?? limits;

/** Values of the path label that are not routes: listed separately, with a message key. */
const notRoutes = new Map([["unmatched", "unmatched"], ["unknown", "unknown"], ["__overflow__", "overflow"]]);

/** States of a service, the worst first. */
export const severity = ["errors", "down", "slow", "warning", "noData", "idle", "healthy"];

/**
 * isBad reports that a state needs attention.
 * @param {string} state
 */
export const isBad = (state) => ["down", "errors", "slow", "warning"].includes(state);

/**
 * @typedef {{metric: Record<string, string>, value: [number, string]}} Sample
 *
 * @typedef {object} Route
 * @property {string} key
 * @property {string} method
 * @property {string} path
 * @property {string} apart  message key if it is not a route, or ""
 * @property {string} state  errors, slow, idle or healthy
 * @property {number} rate   requests per second
 * @property {number} errorRate
 * @property {number} errorRatio
 * @property {number} seconds of latency per second
 * @property {number} share  of the service's seconds
 * @property {number} p50
 * @property {number} p95
 * @property {number} p99
 * @property {number} [bytes]  of responses per second
 * @property {boolean} [never] no requests since its processes started
 * @property {number} [during] mean rate of the time range
 * @property {number} [before] mean rate of the previous range
 * @property {number} [trend]  during divided by before
 * @property {string[]} [statuses] those that the filter names
 * @property {import("./verdict.js").Finding[]} [found] what the verdict found of it
 * @property {number} [budget] the smallest error budget left of the objectives that cover it
 * @property {string} [promised] what that objective covers: a method, a path or both
 * @property {number} [rank] its place in the verdict, 0 for the worst
 *
 * @typedef {object} Service
 * @property {string} key
 * @property {string} job
 * @property {string} schema   "" unless the job has several
 * @property {string} names    the schema whose names it uses
 * @property {string} state
 * @property {number} targets  NaN if Prometheus scrapes none of this job
 * @property {number} down
 * @property {number} rate
 * @property {number} errorRate
 * @property {number} errorRatio
 * @property {number} p50
 * @property {number} p95
 * @property {number} p99
 * @property {number} inFlight
 * @property {number} firstBound the lowest bound of its latency buckets above 0, in seconds
 * @property {number} lastBound the highest bound of its latency buckets, in seconds
 * @property {import("./verdict.js").Judged} [judged] what the server's verdict says of it
 * @property {boolean} [ratesMissing] the rules cannot compute its request rates
 * @property {Route[]} routes
 */

/**
 * hasRequests reports that the samples of a source include requests.
 * @param {Sample[]} samples
 */
export const hasRequests = (samples) => samples.some((s) => s.metric.part === "rate");

/**
 * services reads the samples: the worst service first, then by name.
 * @param {Sample[]} samples
 * @returns {Service[]}
 */
export function services(samples) {
  const found = new Map();
  for (const sample of samples) readers.get(sample.metric.part)?.(found, sample.metric, numberOf(sample.value[1]));
  // up has no schema: its counts apply to every service of the job.
  const jobs = new Map([...found.values()].filter((s) => s.own).map((s) => [s.job, s]));
  const all = [...found.values()].filter((s) => s.routeMap.size > 0);
  for (const [job, s] of jobs) if (!all.some((other) => other.job === job)) all.push(s);
  for (const s of all) finish(s, jobs.get(s.job), all.filter((other) => other.job === s.job).length > 1);
  return worstFirst(all);
}

/**
 * worstFirst sorts services: the worst first, then by name.
 * @param {Service[]} all
 */
export function worstFirst(all) {
  const rank = (/** @type {Service} */ s) => severity.indexOf(s.state);
  return all.sort((a, b) => rank(a) - rank(b) || compare(a.job, b.job) || compare(a.schema, b.schema));
}

/** compare is independent of the user's language, so that everyone sees the same order. */
function compare(/** @type {string} */ a, /** @type {string} */ b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * How each part of the query is read.
 * @type {Map<string, (found: Map<string, any>, labels: Record<string, string>, n: number) => void>}
 */
const readers = new Map(Object.entries({
  rate: ofRoute("rate"),
  errors: ofRoute("errorRate"),
  statusless: ofRoute("statusless"),
  seconds: ofRoute("seconds"),
  ...Object.fromEntries(Object.keys(quantiles).flatMap((q) => [[q, ofRoute(q)], [`${q}Of`, ofService(q)]])),
  inFlight: ofService("inFlight"),
  bounds: (found, labels) => {
    const s = service(found, labels);
    const bound = Number(labels.le); // "+Inf" is NaN here
    if (Number.isNaN(bound)) return;
    if (!(bound <= s.lastBound)) s.lastBound = bound;
    if (bound > 0 && !(bound >= s.firstBound)) s.firstBound = bound;
  },
  targets: (found, labels, n) => { Object.assign(jobOf(found, labels), { targets: n, own: true }); },
  down: (found, labels) => { jobOf(found, labels).down++; },
}));

function ofService(/** @type {string} */ field) {
  return (/** @type {Map<string, any>} */ found, /** @type {Record<string, string>} */ labels, /** @type {number} */ n) => {
    service(found, labels)[field] = n;
  };
}

function ofRoute(/** @type {string} */ field) {
  return (/** @type {Map<string, any>} */ found, /** @type {Record<string, string>} */ labels, /** @type {number} */ n) => {
    route(service(found, labels), labels)[field] = n;
  };
}

/** service returns the service of the labels, and creates it if it is new. */
function service(/** @type {Map<string, any>} */ found, /** @type {Record<string, string>} */ labels) {
  const { job = "", schema = "" } = labels;
  const key = JSON.stringify([job, schema]);
  let s = found.get(key);
  if (!s) {
    s = {
      key, job, schema, own: false, targets: NaN, down: 0, routeMap: new Map(),
      p50: NaN, p95: NaN, p99: NaN, inFlight: NaN, firstBound: NaN, lastBound: NaN,
    };
    found.set(key, s);
  }
  return s;
}

const jobOf = (/** @type {Map<string, any>} */ found, /** @type {Record<string, string>} */ labels) =>
  service(found, { job: labels.job });

function route(/** @type {any} */ s, /** @type {Record<string, string>} */ labels) {
  const { method = "", path = "" } = labels;
  const key = JSON.stringify([method, path]);
  let r = s.routeMap.get(key);
  if (!r) {
    r = { key, method, path, apart: notRoutes.get(path) ?? "", rate: 0, errorRate: 0, seconds: NaN, p50: NaN, p95: NaN, p99: NaN };
    s.routeMap.set(key, r);
  }
  return r;
}

/** finish computes the derived numbers. */
function finish(/** @type {any} */ s, /** @type {any} */ job, /** @type {boolean} */ severalSchemas) {
  s.targets = job?.targets ?? NaN;
  s.down = job?.down ?? 0;
  s.names = s.schema || "default";
  if (!severalSchemas) s.schema = "";
  s.routes = [...s.routeMap.values()];
  const total = (/** @type {string} */ field) => s.routes.reduce((/** @type {number} */ sum, /** @type {any} */ r) => sum + (r[field] || 0), 0);
  s.rate = s.routes.length ? total("rate") : NaN;
  s.errorRate = total("errorRate");
  s.errorRatio = errorRatio(s, s.routes.length > 0 && s.routes.every(hidesErrors));
  const seconds = total("seconds");
  for (const r of s.routes) {
    r.errorRatio = errorRatio(r, hidesErrors(r));
    r.share = r.seconds / seconds;
    r.state = stateOf(r, s.job);
  }
  s.state = serviceState(s);
}

/** hidesErrors reports that a route's requests have no status: whether one failed cannot be known. */
const hidesErrors = (/** @type {any} */ r) => r.statusless > 0 && r.errorRate === 0;

const errorRatio = (/** @type {any} */ n, /** @type {boolean} */ unknown) => (unknown ? NaN : n.errorRate / n.rate);

/** stateOf is the state of a route, or of a service's totals. */
function stateOf(/** @type {any} */ r, /** @type {string} */ job) {
  const { errorRatio: ratio, slow } = limitsOf(job, r.path);
  if (r.errorRatio > ratio && r.errorRate >= limits.traffic) return "errors";
  if (r.p95 >= slow && r.rate >= limits.traffic) return "slow";
  return r.rate > 0 ? "healthy" : "idle";
}

/**
 * serviceState is the state of its worst part: a mean would hide a failing route. Some
 * targets down is a state only if the others are healthy.
 */
function serviceState(/** @type {any} */ s) {
  if (s.down > 0 && s.down >= s.targets) return "down";
  const states = [stateOf(s, s.job), ...s.routes.map((/** @type {Route} */ r) => r.state)];
  if (states.includes("errors")) return "errors";
  if (states.includes("slow")) return "slow";
  if (s.down > 0) return "down";
  if (s.routes.length === 0) return "noData";
  return states.includes("healthy") ? "healthy" : "idle";
}

/**
 * downTargets returns the targets that cannot be scraped, with Prometheus's errors if the
 * API lists them.
 * @param {Sample[]} samples
 * @param {any[] | null} targets
 */
export function downTargets(samples, targets) {
  const key = (/** @type {any} */ labels) => JSON.stringify([labels?.job ?? "", labels?.instance ?? ""]);
  const errors = new Map((targets ?? []).filter((t) => t.health === "down").map((t) => [key(t.labels), t]));
  return samples.filter((s) => s.metric.part === "down")
    .map(({ metric }) => {
      const t = errors.get(key(metric));
      return { key: key(metric), job: metric.job ?? "", instance: metric.instance ?? "", url: t?.scrapeUrl ?? "", error: t?.lastError ?? "", timeout: secondsOf(t?.scrapeTimeout ?? "") };
    })
    .sort((a, b) => compare(a.key, b.key));
}

/**
 * markRatesMissing marks the services that count requests but have no rate, by the alert.
 * @param {Service[]} all
 * @param {any[]} alerts as the API lists them
 */
export function markRatesMissing(all, alerts) {
  const jobs = new Set(alerts.filter((a) => a.labels?.alertname === "TachoRatesMissing").map((a) => a.labels.job ?? ""));
  for (const s of all) s.ratesMissing = jobs.has(s.job);
}

/**
 * activeAlerts returns firing alerts first, then older ones first.
 * @param {any[]} alerts
 */
export function activeAlerts(alerts) {
  const rank = (/** @type {any} */ a) => (a.state === "firing" ? 0 : 1);
  return alerts.filter((a) => a.state === "firing" || a.state === "pending")
    .map((a) => ({ ...a, labels: a.labels ?? {}, annotations: a.annotations ?? {}, key: JSON.stringify(a.labels) }))
    .sort((a, b) => rank(a) - rank(b) || compare(String(a.activeAt), String(b.activeAt)) || compare(a.key, b.key));
}

/**
 * @typedef {object} AlertGroup
 * @property {string} key
 * @property {string} name
 * @property {string} state firing if one of them is
 * @property {any[]} alerts
 */

/**
 * alertGroups groups alerts by name, in the order of each group's first alert.
 * @param {any[]} alerts as activeAlerts returns them
 * @returns {AlertGroup[]}
 */
export function alertGroups(alerts) {
  const groups = new Map();
  for (const a of alerts) {
    const name = a.labels.alertname ?? "";
    if (!groups.has(name)) groups.set(name, { key: name, name, state: a.state, alerts: [] });
    groups.get(name).alerts.push(a);
  }
  return [...groups.values()];
}
