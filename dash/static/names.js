// Queries for what no rule records: instances, sizes, routes never called. They use the
// service's own metric names, which the handler sends. Pure.

import { errors, selector } from "./queries.js";

/**
 * A Family is a metric and what its labels are called, as names.go writes them; also are other names of
 * the status, and instead is the family that counts where there is none of this one. The labels join form
 * the path of an RPC, each after a slash; scale makes seconds of a sum.
 * @typedef {{metric: string, kind: string, method?: string, path?: string, status?: string, also?: string[], host?: string, instead?: any, join?: string[], scale?: number}} Family
 * @typedef {{name: string, requests?: Family, duration?: Family, inFlight?: Family, requestSize?: Family, responseSize?: Family, panics?: Family, client?: Family}} Names
 */

/**
 * narrowed are the matchers of a subject with a family's label names; undefined if the
 * family lacks one of the labels.
 * @param {Family} family
 * @param {import("./queries.js").Subject} subject
 * @returns {string[][] | undefined}
 */
export function narrowed(family, { job, method, path, more = [] }) {
  const matchers = [["job", "=", job], ...more];
  if (path === undefined) return matchers;
  if (!family.path || (method && !family.method)) return undefined;
  if (method && family.method) matchers.push([family.method, "=", method]);
  return [...matchers, ...ofPath(family, path)];
}

/** ofPath are the matchers of a path; an RPC's method follows the last slash. */
function ofPath(/** @type {Family} */ { path: name = "", join }, /** @type {string} */ path) {
  if (!join) return [[name, "=", path]];
  if (!path.startsWith("/")) return [[join[0], "=", path]]; // unmatched
  const last = join.length > 1 ? path.lastIndexOf("/") : 0;
  return last > 0 ? [[join[0], "=", path.slice(1, last)], [join[1], "=", path.slice(last + 1)]] : [[join[0], "=", path.slice(1)]];
}

/**
 * rateBy is the rate of a family by some labels, or undefined if the schema lacks it.
 * @param {Family | undefined} family
 * @param {string} suffix _sum, _count or ""
 * @param {string[]} by labels as they are called in the answer: instance, method, path, status or host
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 * @param {boolean | string[]} [statuses] of failed requests only, or those whose status has this operator and value
 * @returns {string | undefined}
 */
export function rateBy(family, suffix, by, subject, window, statuses = false) {
  if (!family) return undefined;
  const each = [rateOf(family, suffix, by, subject, window, statuses), rateBy(family.instead, "", by, subject, window, statuses)].filter(Boolean);
  return each.length ? each.join(" or ") : undefined;
}

/** rateOf is that of one family. */
function rateOf(/** @type {Family} */ family, /** @type {string} */ suffix, /** @type {string[]} */ by, /** @type {import("./queries.js").Subject} */ subject, /** @type {string} */ window, /** @type {boolean | string[]} */ statuses) {
  const matchers = narrowed(family, subject);
  if (!matchers || (statuses && !family.status)) return undefined;
  const asked = statuses === true ? errors.slice(1) : statuses;
  const all = asked ? [family.status ?? "", ...(family.also ?? [])].map((name) => [...matchers, [name, ...asked]]) : [matchers];
  const sum = summed(family, all.map((m) => `rate(${family.metric}${suffix}${selector(m)}[${window}])`).join(" or "), by);
  return family.scale && suffix === "_sum" ? `${sum} * ${family.scale}` : sum;
}

/** summed adds up by labels, and calls them as the page does. */
function summed(/** @type {Family} */ family, /** @type {string} */ expr, /** @type {string[]} */ by) {
  const joined = (/** @type {string} */ label) => (label === "path" ? family.join : undefined);
  const named = (/** @type {string} */ label) => /** @type {any} */ (family)[label] ?? label;
  const sum = `sum by (${by.flatMap((label) => joined(label) ?? named(label)).join(", ")}) (${expr})`;
  return by.reduce((inner, label) => {
    const join = joined(label);
    if (join) return pathOf(inner, join);
    return named(label) === label ? inner : `label_replace(${inner}, ${quoted(label)}, "$1", ${quoted(named(label))}, "(.*)")`;
  }, sum);
}

/** pathOf gives RPCs their path, as the rules do. */
function pathOf(/** @type {string} */ expr, /** @type {string[]} */ join) {
  const path = `label_join(${expr}, "path", "/", "path", ${join.map(quoted).join(", ")})`;
  return join.length > 1 ? `label_replace(${path}, "path", "$1", "path", "/(unmatched|unknown)/.*")` : path;
}

const quoted = (/** @type {string} */ name) => `"${name}"`;

/**
 * sizes are the response bytes per second of each route.
 * @param {Names} names
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 */
export const sizes = (names, subject, window) => rateBy(names.responseSize, "_sum", ["method", "path"], subject, window);

/**
 * neverCalled are the routes without a request since their processes started.
 * @param {Names} names
 * @param {import("./queries.js").Subject} subject
 */
export function neverCalled(names, subject) {
  const family = names.requests;
  if (!family?.path || (!family.method && !family.join)) return undefined;
  return `${summed(family, family.metric + selector([["job", "=", subject.job]]), family.join ? ["path"] : ["method", "path"])} == 0`;
}

/**
 * ofInstances are the queries for each instance: [name, PromQL].
 * @param {Names} names
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 * @returns {[string, string][]}
 */
export function ofInstances(names, subject, window) {
  const by = ["instance"];
  const { requests, duration } = names;
  const job = selector([["job", "=", subject.job]]);
  return /** @type {[string, string][]} */ ([
    ["rate", rateBy(requests, "", by, subject, window)],
    ["errors", rateBy(requests, "", by, subject, window, true)],
    ["withStatus", rateBy(requests, "", by, subject, window, ["!=", ""])],
    ["seconds", rateBy(duration, "_sum", by, subject, window)],
    ["count", rateBy(duration, "_count", by, subject, window)],
    ["up", `max by (instance) (up${job})`],
    ["started", `max by (instance) (process_start_time_seconds${job})`],
    ["cpu", `sum by (instance) (rate(process_cpu_seconds_total${job}[${window}]))`],
    ["memory", `sum by (instance) (process_resident_memory_bytes${job})`],
  ].filter(([, expr]) => expr));
}

/**
 * outgoing are the queries for outgoing requests by host: [name, PromQL].
 * @param {Names} names
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 * @returns {[string, string][]}
 */
export function outgoing(names, subject, window) {
  const { client } = names;
  const whole = { job: subject.job, schema: "" };
  const by = [client?.host ? "host" : "job"];
  return /** @type {[string, string][]} */ ([
    ["rate", rateBy(client, "_count", by, whole, window)],
    ["errors", rateBy(client, "_count", by, whole, window, true)],
    ["seconds", rateBy(client, "_sum", by, whole, window)],
  ].filter(([, expr]) => expr));
}

/**
 * pools are the database pools of a service, as client_golang's collector for
 * database/sql names them: [name, PromQL].
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 * @returns {[string, string][]}
 */
export function pools(subject, window) {
  const job = selector([["job", "=", subject.job]]);
  const by = (/** @type {string} */ expr) => `sum by (db_name) (${expr})`;
  return [
    ["inUse", by(`go_sql_in_use_connections${job}`)],
    ["most", by(`go_sql_max_open_connections${job}`)],
    ["waits", by(`rate(go_sql_wait_count_total${job}[${window}])`)],
    ["waited", by(`rate(go_sql_wait_duration_seconds_total${job}[${window}])`)],
  ];
}

/**
 * saturation is the usage of each resource of a service, from 0 to 1, by the label
 * resource: that of the fullest instance.
 * @param {import("./queries.js").Subject} subject
 * @param {string} window
 */
export function saturation(subject, window) {
  const job = selector([["job", "=", subject.job]]);
  return [
    ["cpu", `max (rate(process_cpu_seconds_total${job}[${window}]) / on (job, instance) go_sched_gomaxprocs_threads${job})`],
    ["memory", `max (process_resident_memory_bytes${job} / on (job, instance) (go_gc_gomemlimit_bytes${job} < 2^62))`],
    ["fds", `max (process_open_fds${job} / on (job, instance) process_max_fds${job})`],
    ["pool", `max (go_sql_in_use_connections${job} / (go_sql_max_open_connections${job} > 0))`],
  ].map(([name, expr]) => `label_replace(${expr}, "resource", "${name}", "", "")`).join("\nor\n");
}
