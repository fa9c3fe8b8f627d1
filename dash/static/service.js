// A service, or one of its routes: the verdict, numbers, charts, changes, time by route, the routes.

import { spanMeans, spansOf } from "./before.js";
import { changedView } from "./changed.js";
import { make } from "./dom.js";
import { age, visible } from "./format.js";
import { stateText, tiles } from "./head.js";
import { say } from "./messages.js";
import { samplesOf } from "./now.js";
import { marksView } from "./markview.js";
import { routeView } from "./route.js";
import { placeOf, routeOf } from "./rows.js";
import { routeTable } from "./table.js";
import { titleRow } from "./titlerow.js";
import { tracesView } from "./traces.js";
import { trendView } from "./trend.js";
import { verdictView } from "./verdictview.js";
import { addressOf } from "./view.js";
import { whereView } from "./whereview.js";

/** @param {import("./now.js").ChangeView} changeView */
export function serviceView(changeView) {
  const title = titleRow();
  const verdict = verdictView(changeView);
  const whole = tiles(["rate", "errorRatio", "p50", "p95", "p99", "inFlight", "targets"]);
  const ofRoute = tiles(["rate", "errorRatio", "p50", "p95", "p99", "share"]);
  const trend = trendView(changeView);
  const marks = marksView();
  const changed = changedView(changeView);
  const where = whereView();
  const one = routeView();
  const traces = tracesView();
  const table = routeTable(changeView);
  const element = make("section", { class: "service" }, title.element, verdict.element, whole.element, ofRoute.element,
    trend.element, marks.element, traces.element, one.element, changed.element, where.element, table.element);
  /** The subject whose numbers are shown. */
  let shown = "";
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
      const events = marks.update(now, job);
      const facts = factsOf(now, service, events);
      title.update({ ...titleOf(now, service, route), facts, tabs: route || empty ? [] : tabsOf(now, service, events.length) });
      verdict.update(now, service, { marks: events, route, facts: facts.length ? say("healthyFacts", { facts: facts.join(say("listComma")) }) : "" });
      whole.element.hidden = empty || Boolean(route);
      ofRoute.element.hidden = empty || !route;
      for (const part of [trend, table]) part.element.hidden = empty;
      changed.element.hidden = where.element.hidden = empty || Boolean(route);
      one.element.hidden = empty || !route;
      if (empty) return;
      const spans = route ? undefined : spansOf(samplesOf(now, spanMeans(now)))?.get(service.key);
      const ends = trend.update(now, subject, events);
      // A number changes together with the end of its line; a new subject gets its number at once.
      const key = JSON.stringify(subject);
      if (ends || shown !== key) {
        if (route) ofRoute.update(now, { ...route, firstBound: service.firstBound, lastBound: service.lastBound, ...ends }, subject);
        else whole.update(now, { ...service, ...ends }, subject, spans);
      }
      shown = key;
      traces.update(now, subject);
      const changes = changed.update(now, subject, service);
      if (route) one.update(now, service, subject);
      else where.update(now, service, changes);
      table.update(now, service, changes, events);
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
