// The user's selections, and how an address stores them. Pure.

import { columnOf } from "./rows.js";
import { firstSpan, formatSpan, parseSpan } from "./range.js";

/**
 * A View is the user's selections. The address stores all of them.
 * @typedef {object} View
 * @property {string} page explore, alerts, slos or targets; "" for services
 * @property {string} part of a service: time or events; of the alerts: history or rules; "" for the first one
 * @property {string} show how all services are shown: cards or table, "" for whichever suits their number
 * @property {string} only which routes or services are shown: unhealthy, changed, never or idle; "" for all
 * @property {string} sort
 * @property {boolean} descending
 * @property {string} filter
 * @property {string} open the selected service, "-" for all of them, "" for the only one or else all
 * @property {string} route the selected route, "" for the entire service
 * @property {import("./range.js").Span} span
 * @property {string} box a part of the heatmap that is compared with the rest, "" for none
 * @property {string} compare the compared range: before, day, week, or "" for none
 * @property {string} expr the query of Explore, "" for none
 * @property {string} also further queries of Explore, a list in JSON, "" for none
 * @property {string} hide the letters of those that are not shown
 * @property {string} table "1" if the result is shown as a table
 * @property {string} zone the time zone, "" for the browser's
 * @property {string} theme light or dark, "" for the system's
 * @property {string} lang the selected language, "" for the browser's
 */

/**
 * The worst routes first, and an order that is stable across refreshes.
 * @returns {View}
 */
export const firstView = () => ({
  page: "", part: "", show: "", only: "", sort: "state", descending: false, filter: "", open: "", route: "", span: firstSpan(), box: "", compare: "", expr: "", also: "", hide: "", table: "", zone: "", theme: "", lang: "",
});

/** The fields that stand in an address as they are, each with what it may be; null for any text. */
const plain = /** @type {[keyof View, string[] | null][]} */ ([
  ["page", ["explore", "alerts", "slos", "targets"]], ["part", ["time", "events", "history", "rules"]], ["show", ["cards", "table"]],
  ["only", ["unhealthy", "changed", "never", "idle"]], ["filter", null], ["open", null], ["route", null], ["box", null], ["compare", ["before", "day", "week"]],
  ["expr", null], ["also", null], ["hide", null], ["table", ["1"]], ["zone", null], ["theme", ["light", "dark"]], ["lang", null],
]);

/**
 * parseView reads a view from the URL's fragment; unknown parts are ignored.
 * @param {string} hash
 * @returns {View}
 */
export function parseView(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const sort = given.get("sort") ?? "";
  const id = sort.replace(/^-/, "");
  const known = columnOf(id) !== undefined;
  const texts = plain.map(([name, allowed]) => {
    const text = given.get(name) ?? "";
    return [name, !allowed || allowed.includes(text) ? text : ""];
  });
  const first = firstView();
  return {
    ...first, ...Object.fromEntries(texts),
    sort: known ? id : first.sort,
    descending: known ? sort.startsWith("-") : first.descending,
    span: parseSpan(given.get("span") ?? ""),
  };
}

/**
 * formatView is the inverse of parseView; the first view is the empty fragment.
 * @param {View} view
 */
export function formatView(view) {
  const out = new URLSearchParams();
  const first = firstView();
  if (view.sort !== first.sort || view.descending !== first.descending) {
    out.set("sort", (view.descending ? "-" : "") + view.sort);
  }
  for (const [name] of plain) if (view[name]) out.set(name, String(view[name]));
  const span = formatSpan(view.span);
  if (span !== formatSpan(firstSpan())) out.set("span", span);
  const text = out.toString();
  return text ? `#${text}` : "";
}

/**
 * addressOf is the address of a changed view. Another query stands alone, and a box is of one heatmap.
 * @param {View} view
 * @param {Partial<View>} change
 */
export const addressOf = (view, change) => formatView({ ...view, ...(change.expr ? { also: "", hide: "" } : {}), ...("open" in change || "route" in change ? { box: "" } : {}), ...change }) || "#";

/**
 * still is a view that does not follow the clock.
 * @param {View} view
 * @param {number} at its end if it does, in seconds since the epoch
 * @returns {View}
 */
export function still(view, at) {
  const to = Math.floor(at);
  return "last" in view.span ? { ...view, span: { from: to - view.span.last, to } } : view;
}

/**
 * stillAddress is the whole address of a view that shows the same to others.
 * @param {View} view
 * @param {number} at
 */
export const stillAddress = (view, at) => new URL(addressOf(still(view, at), {}), document.baseURI).href;

/** What one has gone to can be left by going back; a filter is no place. */
const places = /** @type {(keyof View)[]} */ (["page", "part", "open", "route", "span", "box", "expr", "also"]);

/**
 * isElsewhere reports that a view shows another place than the previous one.
 * @param {View} view
 * @param {View} before
 */
export const isElsewhere = (view, before) => places.some((name) => JSON.stringify(view[name]) !== JSON.stringify(before[name]));

/**
 * sortBy is the view after a click on a column's head.
 * @param {View} view
 * @param {string} id
 * @returns {View}
 */
export function sortBy(view, id) {
  return { ...view, sort: id, descending: view.sort === id ? !view.descending : Boolean(columnOf(id)?.number) };
}
