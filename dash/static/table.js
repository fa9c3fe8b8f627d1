// The table of a service's routes.

import { attribute, list, make, put } from "./dom.js";
import { latency, rate, ratio, shorten, visible } from "./format.js";
import { say } from "./messages.js";
import { limits } from "./model.js";
import { columns, placeOf, routeOf, rows, sortBy } from "./rows.js";

/** Rows shown until one asks for all: a browser lays out a hundred in no time. */
const most = 100;

/** Characters of a path that are shown; the tooltip has more of it. */
const longest = 160;

/** What heads the columns, and what they mean. */
const heads = /** @type {Record<string, {label: string, means: string}>} */ ({
  state: { label: "state", means: "stateMeans" },
  route: { label: "route", means: "routeMeans" },
  rate: { label: "rateColumn", means: "rateMeans" },
  errorRatio: { label: "errorRatio", means: "errorRatioMeans" },
  p50: { label: "p50", means: "p50Means" },
  p95: { label: "p95", means: "p95Means" },
  p99: { label: "p99", means: "p99Means" },
  share: { label: "share", means: "shareMeans" },
});

/** The limits as messages name them. */
export const limitTexts = { ratio: ratio(limits.errorRatio), latency: latency(limits.slow), rate: rate(limits.traffic) };

/**
 * routeTable returns a table that shows the routes of one service.
 * Roles are written out: on a narrow screen rows are grids, and browsers then
 * forget that they were a table.
 * @param {(change: (view: import("./rows.js").View) => import("./rows.js").View) => void} changeView
 */
export function routeTable(changeView) {
  const caption = make("caption", { class: "unseen" });
  const head = make("tr", { role: "row" });
  const body = make("tbody", { role: "rowgroup" });
  const table = make("table", { role: "table" }, caption, make("thead", { role: "rowgroup" }, head), body);
  const shown = make("span");
  const all = make("button", { type: "button" });
  const foot = make("p", { class: "muted shown" }, shown, " ", all);
  const cells = columns.map((column) => headCell(column, changeView));
  head.append(...cells.map((c) => c.element));

  let everything = false;
  /** @type {() => void} */
  let again = () => {};
  all.addEventListener("click", () => { everything = true; again(); });

  return {
    element: make("div", {}, table, foot),
    /**
     * @param {import("./model.js").Service} service
     * @param {import("./rows.js").View} view
     */
    update(service, view) {
      again = () => this.update(service, view);
      const chosen = rows(service, view);
      const part = everything ? chosen : chosen.slice(0, most);
      put(caption, say("tableOf", { job: visible(service.job) }));
      for (const cell of cells) cell.update(view);
      list(body, part.map((route) => ({ key: route.key, route, service })), () => row(changeView));
      table.hidden = chosen.length === 0;
      foot.hidden = part.length === service.routes.length;
      put(shown, say("routesShown", { n: part.length, all: service.routes.length }));
      all.hidden = part.length === chosen.length;
      put(all, say("showAll", { all: chosen.length }));
    },
  };
}

/** headCell is a column's head: a button that sorts. */
function headCell(/** @type {{id: string, number: boolean}} */ column, /** @type {Function} */ changeView) {
  const { label, means } = heads[column.id];
  const button = make("button", { type: "button", title: say(means, limitTexts) }, say(label));
  const element = make("th", { role: "columnheader", scope: "col", class: column.number ? "number" : column.id }, button);
  button.addEventListener("click", () => changeView((/** @type {any} */ view) => sortBy(view, column.id)));
  return {
    element,
    update(/** @type {import("./rows.js").View} */ view) {
      const direction = view.descending ? "descending" : "ascending";
      attribute(element, "aria-sort", view.sort === column.id ? direction : "");
    },
  };
}

function row(/** @type {Function} */ changeView) {
  const cells = Object.fromEntries(columns.map(({ id, number }) =>
    [id, make("td", { role: "cell", class: number ? "number" : id })]));
  const method = make("span", { class: "method" });
  const path = make("bdi");
  const open = make("button", { type: "button", class: "link", title: say("openRoute") }, method, " ", path);
  /** @type {() => void} */
  let show = () => {};
  open.addEventListener("click", () => show());
  const note = make("span", { class: "muted" });
  cells.route.append(open, " ", note);
  const element = make("tr", { role: "row" }, ...columns.map(({ id }) => cells[id]));
  return {
    element,
    update(/** @type {{route: import("./model.js").Route, service: import("./model.js").Service}} */ { route, service }) {
      show = () => changeView((/** @type {any} */ view) => ({ ...view, open: placeOf(service), route: routeOf(route) }));
      element.className = [route.state, route.apart && "apart"].filter(Boolean).join(" ");
      put(cells.state, route.state === "well" ? "" : say(route.state));
      put(method, visible(route.method));
      putLong(path, route.path);
      put(note, route.apart ? say(route.apart) : "");
      put(cells.rate, rate(route.rate));
      put(cells.errorRatio, ratio(route.errorRatio));
      for (const q of /** @type {const} */ (["p50", "p95", "p99"])) putLatency(cells[q], route[q], service.lastBound);
      put(cells.share, ratio(route.share));
      cells.share.style.setProperty("--share", String(route.share || 0));
    },
  };
}

/**
 * putLong shows the beginning of a foreign text, and more of it on hovering.
 * @param {Element} element
 * @param {string} text
 */
export function putLong(element, text) {
  const all = visible(text);
  const short = shorten(all, longest);
  put(element, short);
  attribute(element, "title", short === all ? "" : shorten(all, 2000));
}

/**
 * putLatency says when a quantile is only a lower bound: one that falls into
 * the last bucket, without an end, is reported as where that bucket begins.
 * @param {Element} element
 * @param {number} seconds
 * @param {number} lastBound
 */
export function putLatency(element, seconds, lastBound) {
  const beyond = seconds >= lastBound;
  put(element, beyond ? say("beyond", { latency: latency(seconds) }) : latency(seconds));
  attribute(element, "title", beyond ? say("beyondMeans") : "");
}
