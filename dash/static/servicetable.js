// The table of all services: a row for each, sorted by any of its numbers. The latencies are on one axis.

import { putLatency } from "./cells.js";
import { attribute, list, make, put } from "./dom.js";
import { latencyLimit } from "./findings.js";
import { nothing, rate, ratio, shorten, visible } from "./format.js";
import { latencyGlyph, meter } from "./glyph.js";
import { stateIcon, toneOf } from "./icons.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { curve, ups, whyOf } from "./overview.js";
import { orderOf, placeOf, serviceColumns } from "./rows.js";
import { budgetText, sinceOf, steadyOrder, versionText } from "./servicerows.js";
import { headCell } from "./table.js";
import { hrefOf } from "./verdictview.js";
import { addressOf } from "./view.js";

learn(laterMessages);

/** @typedef {import("./overview.js").Item} Item */

/** The columns, as the table of routes has them; narrow says the label where rows are stacked. */
const heads = [
  { id: "service", label: "service", means: "serviceMeans", sort: "service", worst: "serviceWorst", look: "lead" },
  { id: "rate", label: "rateColumn", means: "rateMeans", sort: "rate", look: "n rate", narrow: true },
  { id: "rates", label: "rateLine", means: "lineMeans", look: "sp drop hide-m" },
  { id: "errorRatio", label: "errorRatio", means: "errorRatioMeans", sort: "errorRatio", look: "n meters", narrow: true },
  { id: "errors", label: "errorLine", means: "errorLineMeans", look: "sp drop hide-m hide-l" },
  { id: "p95", label: "p95", means: "p95Means", sort: "p95", look: "n", narrow: true },
  { id: "glyph", label: "glyphColumn", means: "glyphMeans", look: "scale drop" },
  { id: "budget", label: "budgetLeft", means: "budgetMeans", sort: "budget", look: "n meters budget", narrow: true },
  { id: "instances", label: "instances", means: "instancesMeans", sort: "targets", look: "many drop" },
  { id: "version", label: "versionColumn", means: "versionMeans", sort: "version", look: "version drop hide-m hide-l muted" },
  { id: "why", label: "whyColumn", means: "whyMeans", sort: "since", look: "wide small why" },
];

/** @param {import("./now.js").ChangeView} changeView */
export function serviceTable(changeView) {
  const cells = heads.map((h) => headCell(h, changeView));
  const body = make("tbody", { role: "rowgroup" });
  // Roles are explicit: on a narrow screen rows are grids, and browsers then drop those of a table.
  const table = make("table", { class: "stackrows fleet", role: "table" }, make("caption", { class: "unseen" }, say("allServices")),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...cells.map((c) => c.element))), body);
  const everything = make("button", { type: "button", class: "link" }, say("showAllRoutes"));
  everything.addEventListener("click", () => changeView((view) => ({ ...view, filter: "", only: "" })));
  const none = make("p", { class: "empty" }, say("noServiceMatches"), " ", everything);
  const failure = failureNote();
  const inOrder = steadyOrder();
  return {
    element: make("div", { class: "card scroll" }, table, none, failure.element),
    /**
     * @param {import("./now.js").Now} now
     * @param {Item[]} items the worst first
     * @param {import("./api.js").Problem | null | undefined} problem of the queries for the lines, undefined while that is unknown
     */
    update(now, items, problem) {
      const order = orderOf(now.view, serviceColumns);
      for (const cell of cells) cell.update(order);
      // A column of which nothing is known, and nothing promised, is none.
      table.classList.toggle("unpromised", items.every((item) => item.budget === undefined));
      table.hidden = items.length === 0;
      none.hidden = items.length > 0;
      if (problem !== undefined) failure.update(problem?.text() ?? "", now.refresh);
      const mostErrors = Math.max(...items.map(({ service }) => service.errorRatio || 0), 0.01);
      list(body, inOrder(items, order, body.matches(":hover, :focus-within")).map((item) => ({ ...item, mostErrors })), () => serviceRow());
    },
  };
}

/** failureNote says that the lines could not be read; the numbers stay. */
function failureNote() {
  const text = make("span");
  const retry = make("button", { type: "button", class: "link" }, say("retry"));
  const element = make("p", { class: "empty failed", role: "status", hidden: "" }, text, " ", retry);
  /** @type {() => void} */
  let again = () => {};
  retry.addEventListener("click", () => again());
  return {
    element,
    update(/** @type {string} */ problem, /** @type {() => void} */ refresh) {
      element.hidden = !problem;
      put(text, problem && say("linesFailed", { problem }));
      again = refresh;
    },
  };
}

/** serviceRow is the row of a service. */
function serviceRow() {
  const cells = Object.fromEntries(heads.map(({ id, label, look, narrow }) => [id, make("td", { role: "cell", class: look, ...(narrow ? { "data-l": say(label) } : {}) })]));
  const parts = [nameCell(cells.service), numberCells(cells), linesCells(cells), glyphCell(cells.glyph), versionCell(cells.version), whyCell(cells.why)];
  const instances = ups();
  cells.instances.append(instances.element);
  const element = make("tr", { role: "row" }, ...heads.map(({ id }) => cells[id]));
  return {
    element,
    update(/** @type {Item & {mostErrors: number}} */ item) {
      const { state } = item.service;
      attribute(element, "class", [state, state === "idle" || state === "noData" ? "quiet" : ""].filter(Boolean).join(" "));
      for (const part of parts) part(item);
      instances.update(item.service);
    },
  };
}

/** nameCell is a service's state and name; the link opens it. */
function nameCell(/** @type {HTMLElement} */ cell) {
  const [state, word, name] = [stateIcon(), make("span", { class: "unseen" }), make("bdi")];
  const link = make("a", { class: "row", "data-row": "" }, name);
  cell.append(state.element, word, link);
  return (/** @type {Item} */ { service: s, now }) => {
    state.update(s.state);
    put(word, s.state === "healthy" ? "" : `${say(s.state)} `);
    put(name, visible(placeOf(s)) || say("noJob"));
    attribute(cell, "title", name.textContent ?? "");
    attribute(link, "href", addressOf(now.view, { open: placeOf(s), route: "", filter: "", only: "" }));
  };
}

/** numberCells are the rate, the errors, p95 and the budget, two of them with a bar. */
function numberCells(/** @type {Record<string, HTMLElement>} */ cells) {
  const [errors, budget] = [meter("bad", make("span")), meter("calm", make("span"))];
  const p95 = make("span");
  cells.errorRatio.append(errors.element);
  cells.budget.append(budget.element);
  cells.p95.append(p95);
  return (/** @type {Item & {mostErrors: number}} */ { service: s, budget: left, mostErrors }) => {
    put(cells.rate, Number.isFinite(s.rate) ? rate(s.rate) : nothing);
    errors.update(s.errorRatio / mostErrors, ratio(s.errorRatio));
    cells.errorRatio.classList.toggle("worse", s.state === "errors");
    putLatency(p95, s.p95, s);
    cells.p95.classList.toggle("over", s.p95 >= latencyLimit(s));
    budget.update(Math.max(0, left ?? 0), budgetText(left));
    cells.budget.classList.toggle("low", left !== undefined && left < lowBudget);
  };
}

/** A budget of which less than this is left stands out. */
const lowBudget = 0.5;

/** linesCells are the curves of the rate and the errors over the range. */
function linesCells(/** @type {Record<string, HTMLElement>} */ cells) {
  const [rates, errors] = [curve("1", true), curve("4", false)];
  cells.rates.append(rates.element);
  cells.errors.append(errors.element);
  return (/** @type {Item} */ { service, lines }) => {
    rates.update(lines.rate);
    // Below one percent it stays at the ground, whatever its shape.
    errors.update(lines.errors, 0.01);
    attribute(errors.line, "class", toneOf(service.state) === "bad" ? "ln l4" : "ln l7");
  };
}

/** glyphCell is the latency on the axis that all rows share; before is the finding's, else that when the range began. */
function glyphCell(/** @type {HTMLElement} */ cell) {
  const glyph = latencyGlyph();
  cell.append(glyph.element);
  return (/** @type {Item} */ { service: s, lines }) => {
    const found = s.judged?.findings?.find((f) => f.kind === "latency" && f.path === undefined);
    glyph.update({ p50: s.p50, p95: s.p95, p99: s.p99, before: found?.before ?? lines.p95.find((v) => v !== null) ?? NaN, limit: latencyLimit(s) });
    glyph.element.toggleAttribute("hidden", !Number.isFinite(s.p95));
  };
}

/** versionCell is the newest version, and for how long it has run. */
function versionCell(/** @type {HTMLElement} */ cell) {
  return (/** @type {Item} */ { version, now }) => {
    put(cell, version ? versionText(version, now.at) : "");
    attribute(cell, "title", version ? shorten(visible(version.text), 200) : "");
  };
}

/** whyCell is the first finding with its time, linked to what it is about; of a healthy service nothing. */
function whyCell(/** @type {HTMLElement} */ cell) {
  const [time, text, link] = [make("span", { class: "was" }), make("span", { dir: "auto" }), make("a", { dir: "auto" })];
  cell.append(make("div", {}, time, " ", link, text));
  return (/** @type {Item} */ { service: s, now }) => {
    const [f] = s.judged?.findings ?? [];
    const why = s.state === "healthy" && !f ? "" : whyOf(s);
    const href = f ? hrefOf(now.view, s, f) : s.state === "warning" ? addressOf(now.view, { page: "alerts" }) : "";
    put(time, f ? sinceOf(f) : "");
    put(link, href ? why : "");
    put(text, href ? "" : why);
    attribute(link, "href", href);
    link.hidden = !href;
    attribute(cell, "title", why);
    attribute(cell, "class", `wide small why ${href ? `is-${toneOf(s.state)}` : "muted"}`);
  };
}
