// Which rows a table shows, and in which order. Pure.

import { severity } from "./model.js";
import { firstSpan, formatSpan, parseSpan } from "./range.js";

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
];

/**
 * A view is what the person has chosen.
 * @typedef {object} View
 * @property {string} sort
 * @property {boolean} descending
 * @property {string} filter
 * @property {string} open the service whose charts are shown, "-" for none, "" for the first one
 * @property {string} route the route that they are about, "" for the whole service
 * @property {import("./range.js").Span} span
 * @property {string} compare "1" if the charts show the span before, too
 * @property {string} expr the query that is explored, "" for none
 * @property {string} lang the language that was chosen, "" for the browser's
 */

/** The worst routes first, and otherwise an order that does not jump at each refresh. @type {View} */
export const firstView = { sort: "state", descending: false, filter: "", open: "", route: "", span: firstSpan, compare: "", expr: "", lang: "" };

/**
 * parseView reads a view from the URL's fragment; what it does not know is left out.
 * @param {string} hash
 * @returns {View}
 */
export function parseView(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const sort = given.get("sort") ?? "";
  const id = sort.replace(/^-/, "");
  const known = columns.some((c) => c.id === id);
  return {
    sort: known ? id : firstView.sort,
    descending: known ? sort.startsWith("-") : firstView.descending,
    filter: given.get("filter") ?? "",
    open: given.get("open") ?? "",
    route: given.get("route") ?? "",
    span: parseSpan(given.get("span") ?? ""),
    compare: given.get("compare") === "1" ? "1" : "",
    expr: given.get("expr") ?? "",
    lang: given.get("lang") ?? "",
  };
}

/**
 * formatView is the opposite; the first view is the empty fragment.
 * @param {View} view
 */
export function formatView(view) {
  const out = new URLSearchParams();
  if (view.sort !== firstView.sort || view.descending !== firstView.descending) {
    out.set("sort", (view.descending ? "-" : "") + view.sort);
  }
  for (const name of /** @type {const} */ (["filter", "open", "route", "compare", "expr", "lang"])) if (view[name]) out.set(name, view[name]);
  const span = formatSpan(view.span);
  if (span !== formatSpan(firstSpan)) out.set("span", span);
  const text = out.toString();
  return text ? `#${text}` : "";
}

/**
 * sortBy is what a click on a column's head does.
 * @param {View} view
 * @param {string} id
 * @returns {View}
 */
export function sortBy(view, id) {
  const column = columns.find((c) => c.id === id);
  return { ...view, sort: id, descending: view.sort === id ? !view.descending : Boolean(column?.number) };
}

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
 * @param {View} view
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
 * @param {View} view
 */
export function rows(service, view) {
  const sign = view.descending ? -1 : 1;
  return service.routes.filter((r) => matches(view.filter, service.job, r)).sort((a, b) =>
    Number(Boolean(a.apart)) - Number(Boolean(b.apart)) ||
    order(value(a, view.sort), value(b, view.sort), sign) ||
    order(a.path, b.path, 1) || order(a.method, b.method, 1));
}

function value(/** @type {any} */ r, /** @type {string} */ id) {
  if (id === "state") return severity.indexOf(r.state === "idle" ? "well" : r.state);
  return id === "route" ? r.path : r[id];
}

function order(/** @type {any} */ a, /** @type {any} */ b, /** @type {number} */ sign) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -sign : a > b ? sign : 0;
}
