// A row of the table of routes.

import { putLatency, putLong } from "./cells.js";
import { attribute, make, put } from "./dom.js";
import { newsOf } from "./findings.js";
import { bytes, change, rate, ratio, visible } from "./format.js";
import { latencyGlyph, meter } from "./glyph.js";
import { stateIcon, toneOf } from "./icons.js";
import { say } from "./messages.js";
import { numberQuery } from "./queries.js";
import { placeOf, routeOf } from "./rows.js";
import { spark } from "./spark.js";
import { addressOf } from "./view.js";

/**
 * The columns: what heads each, what sorts by it, what heads it if the worst come first, and the classes of its cells.
 * @type {{id: string, label: string, means: string, sort?: string, worst?: string, look: string}[]}
 */
export const heads = [
  { id: "route", label: "routeColumn", means: "routeMeans", sort: "route", worst: "routeWorst", look: "lead route" },
  { id: "rate", label: "rateColumn", means: "rateMeans", sort: "rate", look: "n" },
  { id: "errorRatio", label: "errorRatio", means: "errorRatioMeans", sort: "errorRatio", look: "n" },
  { id: "p50", label: "p50", means: "p50Means", sort: "p50", look: "n drop hide-m" },
  { id: "p95", label: "p95", means: "p95Means", sort: "p95", look: "n p" },
  { id: "p99", label: "p99", means: "p99Means", sort: "p99", look: "n drop hide-m" },
  { id: "glyph", label: "glyphColumn", means: "glyphMeans", look: "drop" },
  { id: "share", label: "share", means: "shareMeans", sort: "share", look: "n" },
  { id: "bytes", label: "bytes", means: "bytesMeans", sort: "bytes", look: "n drop bytes" },
  { id: "line", label: "rateColumn", means: "lineMeans", look: "sp drop hide-m" },
  { id: "news", label: "newsColumn", means: "newsMeans", sort: "trend", look: "wide small news" },
  // The last one: nothing moves when it appears.
  { id: "budget", label: "budgetLeft", means: "budgetMeans", sort: "budget", look: "n drop hide-m budget" },
];

/**
 * An Item is what a row shows.
 * @typedef {object} Item
 * @property {string} key
 * @property {import("./model.js").Route} route
 * @property {import("./model.js").Service} service
 * @property {import("./now.js").Now} now
 * @property {ReturnType<typeof import("./learn.js").learnRoutes>} learnt
 * @property {number} mostRate of the service's routes
 * @property {number} mostShare
 * @property {number} limit of p95, in seconds
 */

/** The columns whose numbers link to their queries. */
const linked = ["rate", "errorRatio", "p50", "p95", "p99", "share"];

/** The names of the numbers on a narrow screen, where no column has a head. */
const names = /** @type {Record<string, string>} */ ({ rate: "rateColumn", errorRatio: "errorRatio", p95: "p95", share: "share" });

/** @param {import("./now.js").ChangeView} changeView */
export function routeRow(changeView) {
  const cells = Object.fromEntries(heads.map(({ id, look }) => [id, make("td", { role: "cell", class: look, ...(names[id] ? { "data-l": say(names[id]) } : {}) })]));
  const left = make("a", { tabindex: "-1" });
  cells.budget.append(left);
  const numbers = Object.fromEntries(linked.map((id) => [id, make("a", { tabindex: "-1" })]));
  const name = nameCell();
  const meters = { rate: meter("", numbers.rate), errorRatio: meter("bad", numbers.errorRatio), share: meter("calm", numbers.share) };
  const [glyph, line] = [latencyGlyph(), spark()];
  cells.route.append(name.element);
  for (const [id, m] of Object.entries(meters)) cells[id].append(m.element);
  for (const id of ["p50", "p95", "p99"]) cells[id].append(numbers[id]);
  cells.glyph.append(glyph.element);
  cells.line.append(line.element);
  const element = make("tr", { role: "row" }, ...heads.map(({ id }) => cells[id]));
  /** @type {Item | null} */
  let shown = null;
  name.open.addEventListener("click", () => changeView((view) => (shown ? { ...view, open: placeOf(shown.service), route: routeOf(shown.route) } : view)));
  const link = linking(numbers);
  for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, () => { if (shown) link(shown); });
  return {
    element,
    update(/** @type {Item} */ item) {
      const { route, service, now, learnt, limit } = item;
      shown = item;
      const chosen = now.view.route === routeOf(route);
      attribute(element, "class", [route.state, (route.apart || route.rate === 0) && "quiet", chosen && "focus"].filter(Boolean).join(" "));
      attribute(element, "aria-current", chosen ? "true" : "");
      name.update(route);
      meters.rate.update(route.rate / item.mostRate, rate(route.rate));
      meters.errorRatio.update(route.errorRatio, ratio(route.errorRatio));
      meters.share.update(route.share / item.mostShare, ratio(route.share));
      for (const id of /** @type {("p50" | "p95" | "p99")[]} */ (["p50", "p95", "p99"])) putLatency(numbers[id], route[id], service);
      cells.p95.classList.toggle("over", route.p95 >= limit);
      put(left, route.budget === undefined ? "" : ratio(Math.max(0, route.budget)));
      attribute(left, "href", route.budget === undefined ? "" : addressOf(now.view, { page: "slos", filter: route.promised }));
      put(cells.bytes, bytes(route.bytes ?? NaN));
      putGlyph(glyph, item);
      const rates = learnt.rates.get(route.key);
      line.element.toggleAttribute("hidden", !rates);
      line.name(say("rateOver", { now: rate(route.rate) }));
      if (rates) line.update(rates, [], learnt.deployed);
      putNews(cells.news, item);
    },
  };
}

/** nameCell is a route's state and name: a button that opens it. */
function nameCell() {
  const [state, word] = [stateIcon(), make("span", { class: "unseen" })];
  const [method, path, note] = [make("span", { class: "method" }), make("bdi"), make("span", { class: "muted" })];
  const open = make("button", { type: "button", class: "link", title: say("openRoute"), "data-row": "" }, method, " ", path);
  const element = document.createDocumentFragment();
  element.append(state.element, word, open, " ", note);
  return {
    element, open,
    update(/** @type {import("./model.js").Route} */ route) {
      state.update(route.state);
      put(word, route.state === "healthy" ? "" : `${say(route.state)} `);
      put(method, visible(route.method));
      putLong(path, route.path);
      attribute(open, "title", path.title || path.textContent || say("openRoute"));
      put(note, route.apart ? say(route.apart) : "");
    },
  };
}

/**
 * linking sets the addresses of a row's numbers, each to its query, when a link is about to be followed. They are
 * not reached by keyboard, where six links a row would be in the way: the numbers of the open route have these links.
 */
function linking(/** @type {Record<string, HTMLElement>} */ numbers) {
  let last = "";
  return (/** @type {Item} */ { now, service, route }) => {
    const key = JSON.stringify([now.view, now.source.name]);
    if (key === last) return;
    last = key;
    const subject = { job: service.job, schema: service.schema, method: route.method, path: route.path };
    for (const [id, a] of Object.entries(numbers)) {
      const expr = numberQuery(now.source, id, subject);
      attribute(a, "href", expr && addressOf(now.view, { page: "explore", expr }));
      if (expr && !a.title) a.title = expr;
    }
  };
}

/** putGlyph draws the latency of a route; before is the finding's, else that at the range's beginning. */
function putGlyph(/** @type {ReturnType<typeof latencyGlyph>} */ glyph, /** @type {Item} */ { route, learnt, limit }) {
  const found = route.found?.find((f) => f.kind === "latency" && !f.until);
  glyph.update({ p50: route.p50, p95: route.p95, p99: route.p99, before: found?.before ?? learnt.before.get(route.key) ?? NaN, limit });
  glyph.element.toggleAttribute("hidden", !Number.isFinite(route.p95));
}

/** putNews says what changed: what the verdict found, else the trend of the rate. */
function putNews(/** @type {HTMLElement} */ cell, /** @type {Item} */ { route, learnt }) {
  const news = newsOf(route.found ?? []);
  const only = learnt.apart.get(route.key) ?? [];
  const text = route.never ? say("never") : news.text || (route.apart && only.length === 1 ? say("onlyStatus", { status: visible(only[0]) }) : "");
  put(cell, text || trendText(route));
  attribute(cell, "title", route.never ? say("neverMeans") : text ? "" : say("trendMeans"));
  attribute(cell, "class", `wide small news ${news.state ? `is-${toneOf(news.state)}` : "muted"}`);
}

/** trendText is how the rate changed; what is within a tenth is noise. */
function trendText(/** @type {import("./model.js").Route} */ { during = NaN, before = NaN, trend = NaN }) {
  return Math.abs(trend - 1) >= 0.1 ? say("trendOf", { change: change(during, before) }) : "";
}
