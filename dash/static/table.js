// The table of a service's routes.

import { limitTexts, putLatency, putLong } from "./cells.js";
import { attribute, make, put } from "./dom.js";
import { bytes, change, rate, ratio, visible } from "./format.js";
import { say } from "./messages.js";
import { neverCalled, sizes } from "./names.js";
import { samplesOf } from "./now.js";
import { numberQuery } from "./queries.js";
import { columns, placeOf, routeOf, rows } from "./rows.js";
import { numberOf } from "./sample.js";
import { addressOf, sortBy } from "./view.js";
import { scrolling } from "./scrolling.js";

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
  bytes: { label: "bytes", means: "bytesMeans" },
  trend: { label: "trend", means: "trendMeans" },
});

/** @typedef {{key: string, route: import("./model.js").Route, service: import("./model.js").Service, now: import("./now.js").Now}} Item what a row shows */

/**
 * routeTable returns the table of a service's routes. Roles are explicit: on a narrow screen
 * rows are grids, and browsers then drop the table roles.
 * @param {import("./now.js").ChangeView} changeView
 * @param {number} [few] rows up to which all are in the document
 */
export function routeTable(changeView, few) {
  const filter = /** @type {HTMLInputElement} */ (make("input", { id: "filter", type: "search", autocomplete: "off", spellcheck: "false" }));
  filter.addEventListener("input", () => changeView((view) => ({ ...view, filter: filter.value })));
  const shown = make("span", { class: "muted" });
  const tools = make("div", { class: "tools" }, make("label", { for: "filter" }, say("filter")), filter, shown);
  const caption = make("caption", { class: "unseen" });
  const head = make("tr", { role: "row", "aria-rowindex": "1" });
  const body = make("tbody", { role: "rowgroup" });
  const table = make("table", { class: "routes", role: "table" }, caption, make("thead", { role: "rowgroup" }, head), body);
  const cells = columns.map((column) => headCell(column, changeView));
  head.append(...cells.map((c) => c.element));
  const routes = scrolling(table, body, (/** @type {Item} */ _) => row(changeView), few);
  /** More about the routes than the snapshot has; it stays until there is something newer. */
  const learnt = { sizes: new Map(), never: new Set() };
  return {
    element: make("div", { class: "routes" }, tools, table),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./changes.js").Change[]} changes
     */
    update(now, service, changes) {
      const { view } = now;
      if (filter.value !== view.filter && document.activeElement !== filter) filter.value = view.filter;
      learn(now, service, learnt);
      enrich(service, changes, learnt);
      const chosen = rows(service, view);
      put(caption, say("tableOf", { job: visible(service.job) }));
      for (const cell of cells) cell.update(view);
      routes.update(chosen.map((route) => ({ key: route.key, route, service, now })));
      put(shown, chosen.length < service.routes.length ? say("routesShown", { n: chosen.length, all: service.routes.length }) : "");
    },
  };
}

/** learn queries what the snapshot lacks about routes. */
function learn(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {{sizes: Map<string, number>, never: Set<string>}} */ learnt) {
  const names = now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };
  const subject = { job: service.job, schema: "" };
  const keyOf = (/** @type {import("./model.js").Sample} */ { metric }) => JSON.stringify([metric.method ?? "", metric.path ?? ""]);
  const found = samplesOf(now, sizes(names, subject, now.source.window || "1m"));
  if (found) learnt.sizes = new Map(found.map((s) => [keyOf(s), numberOf(s.value[1])]));
  // This reads every series of the service: queried only if a route is idle.
  const never = samplesOf(now, service.routes.some((r) => r.rate === 0) ? neverCalled(names, subject) : undefined);
  if (never) learnt.never = new Set(never.map(keyOf));
}

/** enrich writes it into the routes. */
function enrich(/** @type {import("./model.js").Service} */ service, /** @type {import("./changes.js").Change[]} */ changes, /** @type {{sizes: Map<string, number>, never: Set<string>}} */ learnt) {
  const byKey = new Map(changes.map((c) => [c.key, c]));
  for (const r of service.routes) {
    const c = byKey.get(r.key);
    r.bytes = learnt.sizes.get(r.key) ?? NaN;
    r.never = r.rate === 0 && learnt.never.has(r.key);
    r.before = c?.rateBefore ?? NaN;
    r.during = c?.rate ?? NaN;
    r.trend = r.during / r.before;
  }
}

/** headCell is a column's head: a button that sorts. */
function headCell(/** @type {{id: string, number: boolean}} */ column, /** @type {import("./now.js").ChangeView} */ changeView) {
  const { label, means } = heads[column.id];
  const button = make("button", { type: "button", title: say(means, limitTexts) }, say(label));
  const element = make("th", { role: "columnheader", scope: "col", class: column.number ? "number" : column.id }, button);
  button.addEventListener("click", () => changeView((view) => sortBy(view, column.id)));
  return {
    element,
    update(/** @type {import("./view.js").View} */ view) {
      const direction = view.descending ? "descending" : "ascending";
      attribute(element, "aria-sort", view.sort === column.id ? direction : "");
    },
  };
}

/**
 * The numbers of a row, and how each is shown.
 * @type {Record<string, (r: import("./model.js").Route, element: Element, service: import("./model.js").Service) => void>}
 */
const writers = {
  rate: (r, element) => put(element, rate(r.rate)),
  errorRatio: (r, element) => put(element, ratio(r.errorRatio)),
  p50: (r, element, s) => putLatency(element, r.p50, s),
  p95: (r, element, s) => putLatency(element, r.p95, s),
  p99: (r, element, s) => putLatency(element, r.p99, s),
  share: (r, element) => put(element, ratio(r.share)),
  bytes: (r, element) => put(element, bytes(r.bytes ?? NaN)),
  trend: (r, element) => put(element, change(r.during ?? NaN, r.before ?? NaN)),
};

function row(/** @type {import("./now.js").ChangeView} */ changeView) {
  const cells = Object.fromEntries(columns.map(({ id, number }) =>
    [id, make("td", { role: "cell", class: number ? `number ${id}` : id })]));
  const method = make("span", { class: "method" });
  const path = make("bdi");
  const open = make("button", { type: "button", class: "link", title: say("openRoute") }, method, " ", path);
  const note = make("span", { class: "muted" });
  cells.route.append(open, " ", note);
  // Each number links to its query. Not by keyboard, where eight links a row would be in the way: the numbers
  // of the open route have these links.
  const numbers = Object.fromEntries(Object.keys(writers).map((id) => {
    const a = make("a", { tabindex: "-1" });
    cells[id].append(a);
    return [id, a];
  }));
  const element = make("tr", { role: "row" }, ...columns.map(({ id }) => cells[id]));
  /** @type {Item | null} */
  let shown = null;
  let linked = "";
  open.addEventListener("click", () => changeView((view) => (shown ? { ...view, open: placeOf(shown.service), route: routeOf(shown.route) } : view)));
  // The address is set when the link is about to be followed.
  const link = () => {
    if (!shown) return;
    const { now, service, route } = shown;
    const key = JSON.stringify([now.view, now.source.name]);
    if (key === linked) return;
    linked = key;
    const subject = { job: service.job, schema: service.schema, method: route.method, path: route.path };
    for (const [id, a] of Object.entries(numbers)) {
      const expr = numberQuery(now.source, id, subject);
      attribute(a, "href", expr && addressOf(now.view, { page: "explore", expr }));
      if (expr && !a.title) a.title = expr;
    }
  };
  element.addEventListener("pointerenter", link);
  element.addEventListener("focusin", link);
  return {
    element,
    update(/** @type {Item} */ item) {
      const { route, service, now } = item;
      shown = item;
      const chosen = now.view.route === routeOf(route);
      element.className = [route.state, route.apart && "apart", chosen && "chosen"].filter(Boolean).join(" ");
      attribute(element, "aria-current", chosen ? "true" : "");
      put(cells.state, route.never ? say("never") : route.state === "healthy" ? "" : say(route.state));
      attribute(cells.state, "title", route.never ? say("neverMeans") : "");
      put(method, visible(route.method));
      putLong(path, route.path);
      put(note, route.apart ? say(route.apart) : "");
      for (const [id, write] of Object.entries(writers)) write(route, numbers[id], service);
      cells.share.style.setProperty("--share", String(route.share || 0));
    },
  };
}
