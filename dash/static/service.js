// A service, or one of its routes: the verdict, the four signals, the routes, and what explains them; or one of
// its other parts: where the time goes, and its events.

import { changesOf } from "./changed.js";
import { chart } from "./chart.js";
import { attribute, make } from "./dom.js";
import { eventsCard } from "./eventsview.js";
import { age, count, visible } from "./format.js";
import { stateText } from "./head.js";
import { heatView } from "./heatview.js";
import { lazy } from "./lazy.js";
import { say } from "./messages.js";
import { marksOver } from "./markview.js";
import { panels } from "./panels.js";
import { placeOf, routeOf } from "./rows.js";
import { begunOf, findingsOf, groundsOf, signals } from "./signals.js";
import { routeTable } from "./table.js";
import { titleRow } from "./titlerow.js";
import { tracesView } from "./traces.js";
import { answerOf, zoomTo } from "./trend.js";
import { verdictView } from "./verdictview.js";
import { addressOf } from "./view.js";
import { dependsCard, instancesCard, namesOf } from "./whereview.js";

/** Events in the list of a service. */
const maxEvents = 100;

/** @param {import("./now.js").ChangeView} changeView */
export function serviceView(changeView) {
  const title = titleRow();
  const verdict = verdictView(changeView);
  const four = signals(changeView);
  const table = routeTable(changeView);
  const heat = heatView(changeView);
  const [each, depends] = [instancesCard(), dependsCard()];
  const flight = flightCard(changeView);
  const events = eventsCard();
  const one = lazy((later) => later.routeView());
  const traces = tracesView();
  const time = lazy((later) => later.timeView(changeView));
  const all = eventsCard(maxEvents);
  const stack = make("div", { class: "stack" }, each.element, depends.element);
  const wide = make("div", { class: "grid wide" }, heat.element, stack, traces.element);
  const lower = make("div", { class: "grid wide" }, flight.element, events.element);
  const element = make("div", { class: "servicescreen" }, title.element, verdict.element, four.element, one.element, table.element, wide, lower, time.element, all.element);
  const marks = marksOver();
  /** @type {import("./changes.js").Change[]} */
  let changes = [];
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     */
    update(now, service) {
      const { job, schema } = service;
      const route = service.routes.find((r) => routeOf(r) === now.view.route);
      const subject = route ? { job, schema, method: route.method, path: route.path } : { job, schema };
      const empty = service.routes.length === 0;
      const part = route || empty ? "" : now.view.part;
      const found = marks(now, job);
      const facts = factsOf(now, service, found);
      title.update({ ...titleOf(now, service, route), facts, tabs: route || empty ? [] : tabsOf(now, service, found.length) });
      verdict.update(now, service, { marks: found, route, facts: say("healthyFacts", { age: age(now.at - now.edges.from) }) });
      verdict.element.hidden = part === "time";
      for (const e of [four, table]) e.element.hidden = empty || part !== "" || (e === table && Boolean(route));
      wide.hidden = empty || part !== "";
      lower.hidden = stack.hidden = wide.hidden || Boolean(route);
      one.element.hidden = traces.element.hidden = empty || !route;
      time.element.hidden = part !== "time";
      all.element.hidden = part !== "events";
      attribute(element, "data-part", route ? "route" : part || "summary");
      if (empty) return;
      if (part === "time") return time.update(now, service, subject, found);
      if (part === "events") return all.update(now, service, found);
      four.update(now, service, subject, { marks: found, route });
      heat.update(now, subject, { marks: found, begun: begunOf(findingsOf(service, route)) });
      changes = changesOf(now, { job, schema }) ?? changes;
      if (route) {
        one.update(now, service, subject);
        traces.update(now, subject);
        return;
      }
      table.update(now, service, changes, found);
      each.update(now, service);
      depends.update(now, service);
      flight.update(now, service, found);
      events.update(now, service, found);
    },
  };
}

/** flightCard is the concurrency of a service, by instance. */
function flightCard(/** @type {import("./now.js").ChangeView} */ changeView) {
  const one = chart("trend", zoomTo(changeView));
  attribute(one.element, "data-id", "chartInFlight");
  attribute(one.element, "aria-busy", "true");
  return {
    element: one.element,
    update(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./marks.js").Mark[]} */ marks) {
      const panel = panels({ job: service.job, schema: service.schema }, now.source, now.step, now.every, namesOf(now, service)).find((p) => p.id === "chartInFlight");
      const answer = panel && answerOf(now, panel);
      if (!answer) return;
      if (!answer.shown) return one.fail("chartInFlight", answer.problem?.text() ?? "", now.refresh);
      const findings = findingsOf(service, undefined);
      one.update(answer.shown, marks, { grounds: groundsOf(findings, ["latency"], "warn"), begun: begunOf(findings), most: 2 });
      const { names, values } = answer.shown;
      const sum = values.reduce((n, column) => n + (column.at(-1) || 0), 0);
      const most = names.map((name, i) => ({ name, n: values[i].at(-1) ?? 0 })).sort((a, b) => b.n - a.n)[0];
      one.note(names.length > 1 && most.n > 0 ? say("inFlightOn", { n: count(sum), most: count(most.n), instance: visible(most.name) }) : names.length ? say("inFlightNow", { n: count(sum) }) : "");
    },
  };
}

/** titleOf is what the row above the screen says. */
function titleOf(/** @type {import("./now.js").Now} */ { view, services }, /** @type {import("./model.js").Service} */ s, /** @type {import("./model.js").Route | undefined} */ r) {
  const all = { text: say("services"), href: addressOf(view, { open: "-", route: "", filter: "", part: "" }) };
  const job = s.job || say("noJob");
  const own = s.schema ? `${job} ${say("schemaOf", { schema: s.schema })}` : job;
  if (!r) return { crumbs: services.length < 2 ? [] : [all], name: own, state: s.state, stateWords: stateText(s) };
  return { crumbs: [...(services.length < 2 ? [] : [all]), { text: own, href: addressOf(view, { open: placeOf(s), route: "" }) }], name: routeOf(r), state: r.state };
}

/** factsOf are the version, the instances and the routes of a service. */
function factsOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ s, /** @type {import("./marks.js").Mark[]} */ marks) {
  const version = marks.findLast((m) => m.kind === "deploy");
  return [
    version ? say("factVersion", { version: visible(version.text), age: age(now.at - version.at) }) : "",
    Number.isFinite(s.targets) ? say("factUp", { up: s.targets - s.down, all: s.targets }) : "",
    s.routes.length ? say("factRoutes", { n: s.routes.filter((r) => !r.apart).length }) : "",
  ].filter(Boolean);
}

function tabsOf(/** @type {import("./now.js").Now} */ { view }, /** @type {import("./model.js").Service} */ s, /** @type {number} */ events) {
  const tab = (/** @type {import("./view.js").View["part"]} */ part, /** @type {string} */ text, count = 0) =>
    ({ key: part, text: say(text), href: addressOf(view, { open: placeOf(s), part }), current: view.part === part, count });
  return [tab("", "tabSummary"), tab("time", "tabTime"), tab("events", "tabEvents", events)];
}
