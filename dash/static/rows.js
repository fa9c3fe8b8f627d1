// The rows of a table and their order. Pure.

import { filterOf } from "./filter.js";
import { isBad, limits, severity } from "./model.js";

/** What a route table can be sorted by. Numbers sort descending first. */
export const columns = [
  { id: "state", number: false },
  { id: "route", number: false },
  { id: "rate", number: true },
  { id: "errorRatio", number: true },
  { id: "p50", number: true },
  { id: "p95", number: true },
  { id: "p99", number: true },
  { id: "share", number: true },
  { id: "budget", number: false },
  { id: "bytes", number: true },
  { id: "trend", number: true },
];

/**
 * What the table of services can be sorted by: a version by when it came, a reason by when it began. The smallest
 * budget and the newest come first.
 */
export const serviceColumns = [
  { id: "state", number: false },
  { id: "service", number: false },
  { id: "rate", number: true },
  { id: "errorRatio", number: true },
  { id: "p95", number: true },
  { id: "budget", number: false },
  { id: "targets", number: true },
  { id: "version", number: true },
  { id: "since", number: true },
];

/**
 * columnOf is a column that some table can be sorted by.
 * @param {string} id
 */
export const columnOf = (id) => [...columns, ...serviceColumns].find((c) => c.id === id);

/**
 * orderOf is the order of a table in a view: the worst first if the view is sorted by a column of another table.
 * @param {Pick<import("./view.js").View, "sort" | "descending">} view
 * @param {{id: string}[]} all the columns of the table
 */
export const orderOf = (view, all) => (all.some((c) => c.id === view.sort) ? view : { sort: "state", descending: false });

/**
 * placeOf is the name of a service in an address.
 * @param {import("./model.js").Service} s
 */
export const placeOf = (s) => (s.schema ? `${s.job} (${s.schema})` : s.job);

/**
 * routeOf is the name of a route in an address.
 * @param {import("./model.js").Route} r
 */
export const routeOf = (r) => `${r.method} ${r.path}`;

/**
 * hasMatch reports that a service or one of its routes matches the filter.
 * @param {import("./model.js").Service} service
 * @param {import("./view.js").View} view
 */
export function hasMatch(service, view) {
  return hasWords(view.filter, `${service.job} ${service.state}`) || service.routes.some((r) => filterOf(view.filter)(service.job, r));
}

function hasWords(/** @type {string} */ filter, /** @type {string} */ foreign) {
  const text = foreign.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/**
 * The kinds of routes that can be shown alone, by their name in an address.
 * @type {Record<string, (r: import("./model.js").Route) => boolean>}
 */
export const kinds = {
  unhealthy: (r) => isBad(r.state),
  changed: (r) => Boolean(r.found?.length) || isChanged(r),
  never: (r) => Boolean(r.never),
};

/** isChanged: the rate has at least doubled, or halved; of a few requests that says nothing. */
const isChanged = ({ trend = NaN, during = 0, before = 0 }) => Math.max(during, before) >= limits.traffic && (trend >= 2 || trend <= 0.5);

/**
 * rows are the routes of a service, of the kind and by the filter and order of the view; those in the same state
 * are in the order of the verdict. Non-routes and missing numbers stay at the end in either order.
 * @param {import("./model.js").Service} service
 * @param {import("./view.js").View} view
 */
export function rows(service, view) {
  const { sort, descending } = orderOf(view, columns);
  const sign = descending ? -1 : 1;
  const [matches, isKind] = [filterOf(view.filter), kinds[view.only] ?? (() => true)];
  return service.routes.filter((r) => isKind(r) && matches(service.job, r)).sort((a, b) =>
    Number(Boolean(a.apart)) - Number(Boolean(b.apart)) ||
    order(value(a, sort), value(b, sort), sign) ||
    (sort === "state" ? order(a.rank, b.rank, sign) : 0) ||
    order(a.path, b.path, 1) || order(a.method, b.method, 1));
}

function value(/** @type {any} */ r, /** @type {string} */ id) {
  if (id === "state") return r.state === "idle" ? severity.length : severity.indexOf(r.state); // idle: no requests in the rate window
  return id === "route" ? r.path : r[id];
}

/** order compares two values for a sort; those that are unknown come last, whichever way. */
export function order(/** @type {any} */ a, /** @type {any} */ b, /** @type {number} */ sign) {
  // NaN and undefined: unknown.
  a ??= NaN;
  b ??= NaN;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -sign : a > b ? sign : 0;
}

/** Routes that a narrow screen begins with if all are healthy. */
const fewest = 5;

/**
 * firstOf are the rows that a narrow screen begins with: those that need attention, else the first few.
 * @param {import("./model.js").Route[]} all
 */
export function firstOf(all) {
  const bad = all.filter((r) => isBad(r.state));
  return bad.length ? bad : all.slice(0, fewest);
}
