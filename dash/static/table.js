// The table of a service's routes.

import { limitTexts } from "./cells.js";
import { attribute, list, make, put } from "./dom.js";
import { filterField } from "./field.js";
import { visible } from "./format.js";
import { latencyLimit } from "./findings.js";
import { icon } from "./icons.js";
import { learnRoutes } from "./learn.js";
import { say } from "./messages.js";
import { download } from "./download.js";
import { routesCSV } from "./csv.js";
import { heads, routeRow } from "./routerow.js";
import { columns, firstOf, kinds, orderOf, rows } from "./rows.js";
import { scrolling } from "./scrolling.js";
import { sortBy } from "./view.js";

/**
 * routeTable returns the table of a service's routes. Roles are explicit: on a narrow screen
 * rows are grids, and browsers then drop the table roles.
 * @param {import("./now.js").ChangeView} changeView
 * @param {number} [few] rows up to which all are in the document
 */
export function routeTable(changeView, few) {
  const tools = toolsOf(changeView);
  const caption = make("caption", { class: "unseen" });
  const head = make("tr", { role: "row", "aria-rowindex": "1" });
  const body = make("tbody", { role: "rowgroup" });
  const table = make("table", { class: "routes stackrows", role: "table" }, caption, make("thead", { role: "rowgroup" }, head), body);
  const cells = heads.map((column) => headCell(column, changeView));
  head.append(...cells.map((c) => c.element));
  const routes = scrolling(table, body, (/** @type {import("./routerow.js").Item} */ _) => routeRow(changeView), few);
  const others = make("button", { type: "button", class: "others" });
  const everything = make("button", { type: "button", class: "link" }, say("showAllRoutes"));
  everything.addEventListener("click", () => changeView((view) => ({ ...view, filter: "", only: "" })));
  const none = make("p", { class: "empty" }, say("noRouteMatches"), " ", everything);
  const narrow = matchMedia("(max-width: 860px)");
  const learnt = learnRoutes();
  /** The service whose healthy routes are shown on a narrow screen too. */
  let unfolded = "";
  /** @type {(() => void) | null} */
  let again = null;
  others.addEventListener("click", () => again?.());
  narrow.addEventListener("change", () => again?.());
  const draw = (/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./model.js").Route[]} */ chosen) => {
    const shown = narrow.matches && unfolded !== service.key && !now.view.filter && !now.view.only ? firstOf(chosen) : chosen;
    const context = contextOf(service, learnt);
    routes.update(shown.map((route) => ({ key: route.key, route, service, now, ...context })));
    none.hidden = chosen.length > 0;
    others.hidden = shown.length === chosen.length;
    put(others, say("otherRoutes", { n: chosen.length - shown.length }));
  };
  return {
    element: make("section", { class: "routetable", "aria-labelledby": "routes" }, tools.element, make("div", { class: "card" }, table, none, others)),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./changes.js").Change[]} changes
     * @param {import("./marks.js").Mark[]} marks of which deployments are shown in the sparklines
     * @param {boolean} withLines asks for what the sparklines show: it would delay the first numbers
     */
    update(now, service, changes, marks, withLines) {
      learnt.update(now, service, changes, marks);
      const chosen = rows(service, now.view);
      table.classList.toggle("unpromised", service.routes.every((r) => r.budget === undefined));
      put(caption, say("tableOf", { job: visible(service.job) }));
      for (const cell of cells) cell.update(orderOf(now.view, columns));
      tools.update(now.view, service, chosen);
      draw(now, service, chosen);
      if (withLines) learnt.lines(now, service, chosen);
      again = () => {
        if (!narrow.matches) unfolded = "";
        else if (document.activeElement === others) unfolded = service.key;
        draw(now, service, chosen);
      };
    },
  };
}

/** contextOf is what the rows of a service have in common. */
function contextOf(/** @type {import("./model.js").Service} */ service, /** @type {ReturnType<typeof learnRoutes>} */ learnt) {
  const most = (/** @type {"rate" | "share"} */ field) => service.routes.reduce((n, r) => Math.max(n, r[field] || 0), 0);
  return { learnt, mostRate: most("rate"), mostShare: most("share"), limit: latencyLimit(service) };
}

/** toolsOf are the row above the table: what is shown, the filter, and the download. */
function toolsOf(/** @type {import("./now.js").ChangeView} */ changeView) {
  const filter = filterField("filter", "filter", changeView, "filterHint");
  const save = make("button", { type: "button", class: "ctl icon", "aria-label": say("saveCSV"), title: say("saveCSV") }, icon("save"));
  const chips = make("div", { class: "filters", role: "group", "aria-label": say("showKinds") });
  const shown = make("span", { class: "muted small" });
  /** @type {import("./model.js").Route[]} */
  let chosen = [];
  let job = "";
  save.addEventListener("click", () => download(new Blob([routesCSV(chosen)], { type: "text/csv;charset=utf-8" }), `${job.replace(/[^\w.-]+/g, "_") || "tacho"}-routes.csv`));
  return {
    element: make("div", { class: "tools" }, make("h2", { id: "routes" }, say("routesHead")), chips, make("div", { class: "end" }, shown, filter.element, save)),
    update(/** @type {import("./view.js").View} */ view, /** @type {import("./model.js").Service} */ service, /** @type {import("./model.js").Route[]} */ now) {
      filter.update(view);
      [chosen, job] = [now, service.job];
      const all = [["", service.routes.length], ...Object.entries(kinds).map(([kind, is]) => [kind, service.routes.filter(is).length])];
      list(chips, all.map(([kind, n]) => ({ key: String(kind), n: Number(n), pressed: view.only === kind })), ({ key }) => chip(key, changeView));
      put(shown, view.filter && chosen.length < service.routes.length ? say("routesShown", { n: chosen.length, all: service.routes.length }) : "");
    },
  };
}

/** chip is a button that shows one kind of routes. */
function chip(/** @type {string} */ kind, /** @type {import("./now.js").ChangeView} */ changeView) {
  const count = make("b");
  const element = make("button", { type: "button", class: "chip" }, say(`only_${kind}`), " ", count);
  element.addEventListener("click", () => changeView((view) => ({ ...view, only: kind })));
  return {
    element,
    update(/** @type {{n: number, pressed: boolean}} */ { n, pressed }) {
      put(count, String(n));
      attribute(element, "aria-pressed", String(pressed));
    },
  };
}

/**
 * headCell is a column's head: a button that sorts, if one can sort by it. That of the names sorts by state, too.
 * @param {typeof heads[number]} column
 * @param {import("./now.js").ChangeView} changeView
 */
export function headCell({ label, means, sort, look, worst: worstFirst }, changeView) {
  const text = make(sort ? "button" : "span", { title: say(means, limitTexts), ...(sort ? { type: "button" } : {}) }, say(label));
  const element = make("th", { role: "columnheader", scope: "col", class: look.replace("lead route", "lead").replace("wide small ", "") }, text);
  if (sort) text.addEventListener("click", () => changeView((view) => (worstFirst ? sortByName(view, sort) : sortBy(view, sort))));
  return {
    element,
    update(/** @type {Pick<import("./view.js").View, "sort" | "descending">} */ order) {
      const direction = order.descending ? "descending" : "ascending";
      const worst = worstFirst && order.sort === "state";
      attribute(element, "aria-sort", sort && (order.sort === sort || worst) ? direction : "");
      if (!worstFirst) return;
      put(text, say(worst ? worstFirst : label));
      element.classList.toggle("worst", Boolean(worst) && !order.descending);
    },
  };
}

/** sortByName turns from the worst first to the names, to the names backwards, and back. */
const sortByName = (/** @type {import("./view.js").View} */ view, /** @type {string} */ name) =>
  (view.sort === name && view.descending ? { ...view, sort: "state", descending: false } : sortBy(view, name));
