// Which rows a table shows, and in which order. Pure.

import { severity } from "./model.js";

/** The columns of the route table, in order. A number sorts downwards first. */
export const columns = [
  { id: "state", number: false },
  { id: "route", number: false },
  { id: "rate", number: true },
  { id: "errorRatio", number: true },
  { id: "p50", number: true },
  { id: "p95", number: true },
  { id: "p99", number: true },
  { id: "share", number: true },
  { id: "bytes", number: true },
  { id: "trend", number: true },
];

/**
 * placeOf is what an address calls a service.
 * @param {import("./model.js").Service} s
 */
export const placeOf = (s) => (s.schema ? `${s.job} (${s.schema})` : s.job);

/**
 * routeOf is what an address calls a route.
 * @param {import("./model.js").Route} r
 */
export const routeOf = (r) => `${r.method} ${r.path}`;

/**
 * matches reports that a route has every word of the filter in its service,
 * method, path or state.
 * @param {string} filter
 * @param {string} job
 * @param {import("./model.js").Route} route
 */
export function matches(filter, job, route) {
  return hasWords(filter, `${job} ${route.method} ${route.path} ${route.state}`);
}

/**
 * hasMatch reports that a service itself or one of its routes passes the filter.
 * @param {import("./model.js").Service} service
 * @param {import("./view.js").View} view
 */
export function hasMatch(service, view) {
  return hasWords(view.filter, `${service.job} ${service.state}`) ||
    service.routes.some((r) => matches(view.filter, service.job, r));
}

function hasWords(/** @type {string} */ filter, /** @type {string} */ foreign) {
  const text = foreign.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/**
 * rows are the routes of a service as the view wants them. What is no route
 * stays at the end, and so does a missing number, whichever way one sorts.
 * @param {import("./model.js").Service} service
 * @param {import("./view.js").View} view
 */
export function rows(service, view) {
  const sign = view.descending ? -1 : 1;
  return service.routes.filter((r) => matches(view.filter, service.job, r)).sort((a, b) =>
    Number(Boolean(a.apart)) - Number(Boolean(b.apart)) ||
    order(value(a, view.sort), value(b, view.sort), sign) ||
    order(a.path, b.path, 1) || order(a.method, b.method, 1));
}

function value(/** @type {any} */ r, /** @type {string} */ id) {
  if (id === "state") return r.state === "idle" ? severity.length : severity.indexOf(r.state); // idle: nothing for the window of the rates
  return id === "route" ? r.path : r[id];
}

function order(/** @type {any} */ a, /** @type {any} */ b, /** @type {number} */ sign) {
  // NaN and undefined: not known.
  a ??= NaN;
  b ??= NaN;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -sign : a > b ? sign : 0;
}
