// A service: its state in words, its numbers, its routes.

import { changedView } from "./changed.js";
import { attribute, make, put } from "./dom.js";
import { count, nothing, rate, ratio, visible } from "./format.js";
import { say } from "./messages.js";
import { reason } from "./model.js";
import { placeOf, routeOf } from "./rows.js";
import { limitTexts, putLatency, putLong, routeTable } from "./table.js";
import { trendView } from "./trend.js";

/** The numbers in a service's head, and how each is written. */
const tiles = /** @type {[string, (s: import("./model.js").Service, element: Element) => void][]} */ ([
  ["rate", (s, element) => put(element, Number.isFinite(s.rate) ? `${rate(s.rate)} ${say("rateUnit")}` : nothing)],
  ["errorRatio", (s, element) => put(element, ratio(s.errorRatio))],
  ["p50", (s, element) => putLatency(element, s.p50, s.lastBound)],
  ["p95", (s, element) => putLatency(element, s.p95, s.lastBound)],
  ["p99", (s, element) => putLatency(element, s.p99, s.lastBound)],
  ["inFlight", (s, element) => put(element, count(s.inFlight))],
  ["targets", (s, element) => put(element, targetText(s))],
]);

function targetText(/** @type {import("./model.js").Service} */ s) {
  if (!Number.isFinite(s.targets)) return nothing;
  return s.down > 0 ? say("targetsSome", { up: s.targets - s.down, down: s.down }) : say("targetsUp", { n: s.targets });
}

/**
 * stateText is a service's state in words: of its routes, and of its targets if
 * only some of them are down.
 * @param {import("./model.js").Service} s
 */
export function stateText(s) {
  if (s.down === 0 || s.down >= s.targets) return say(s.state);
  const some = say("partDown", { down: s.down, all: s.targets });
  return s.state === "down" ? some : say("both", { one: say(s.state), other: some });
}

function reasonText(/** @type {import("./model.js").Service} */ s) {
  const { key, values, more } = reason(s);
  const why = visible(say(key, { ...values, route: values.route || say("whole") }));
  return more > 0 ? say("andMore", { why, n: more }) : why;
}

/**
 * serviceView returns a section for one service.
 * @param {Parameters<typeof routeTable>[0]} changeView
 */
export function serviceView(changeView) {
  const name = make("bdi");
  const schema = make("span", { class: "muted" });
  const state = make("strong", { class: "state" });
  const why = make("span", { class: "why" });
  const values = tiles.map(([id]) => make("dd", { class: id }));
  const numbers = make("dl", { class: "tiles" }, ...tiles.map(([id], i) =>
    make("div", { title: say(`${id}Means`) }, make("dt", {}, say(id)), values[i])));
  const table = routeTable(changeView);
  const trend = trendView(changeView);
  const changed = changedView(changeView, () => place);
  const toggle = make("button", { type: "button", "aria-expanded": "false" });
  let place = "";
  let open = false;
  toggle.addEventListener("click", () => changeView((view) => ({ ...view, open: open ? "-" : place, route: "" })));
  const element = make("section", { class: "service" },
    make("div", { class: "head" }, make("h2", {}, name, " ", schema), state, why, toggle), numbers, trend.element, changed.element, table.element);
  return {
    element,
    update(/** @type {Shown} */ { service, view, first, api, source, every, traceURL }) {
      place = placeOf(service);
      open = view.open === place || (view.open === "" && first);
      element.className = `service ${service.state}`;
      putLong(name, service.job || say("noJob"));
      put(schema, service.schema ? say("schemaOf", { schema: visible(service.schema) }) : "");
      put(state, stateText(service));
      attribute(state, "title", say(`${service.state}Means`, limitTexts));
      putLong(why, reasonText(service));
      const empty = service.routes.length === 0;
      numbers.hidden = table.element.hidden = toggle.hidden = empty;
      trend.element.hidden = changed.element.hidden = empty || !open;
      attribute(toggle, "aria-expanded", String(open));
      put(toggle, say(open ? "hideCharts" : "showCharts"));
      if (empty) return;
      tiles.forEach(([, show], i) => show(service, values[i]));
      table.update(service, view);
      if (!open) return;
      trend.update({ api, source, subject: subjectOf(service, view), view, every, traceURL });
      changed.update({ api, source, subject: { job: service.job, schema: service.schema }, view, every });
    },
  };
}

/**
 * What a service's section shows.
 * @typedef {object} Shown
 * @property {import("./model.js").Service} service
 * @property {import("./rows.js").View} view
 * @property {boolean} first it is the first one on the page: the one that is worst off
 * @property {any} api
 * @property {import("./queries.js").Source} source
 * @property {number} every seconds between two evaluations
 * @property {string} traceURL where traces are shown, with {trace_id} in it
 */

/** subjectOf is what the charts are about: the chosen route, if the service has it. */
function subjectOf(/** @type {import("./model.js").Service} */ s, /** @type {import("./rows.js").View} */ view) {
  const route = view.open === placeOf(s) ? s.routes.find((r) => routeOf(r) === view.route) : undefined;
  const { job, schema } = s;
  return route ? { job, schema, method: route.method, path: route.path } : { job, schema };
}
