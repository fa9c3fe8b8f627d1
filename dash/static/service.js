// A service, or one of its routes: numbers, charts, changes, time by route, the routes.

import { spanMeans, spansOf } from "./before.js";
import { changedView } from "./changed.js";
import { attribute, make, put } from "./dom.js";
import { headline, tiles } from "./head.js";
import { say } from "./messages.js";
import { samplesOf } from "./now.js";
import { marksView } from "./markview.js";
import { routeView } from "./route.js";
import { placeOf, routeOf } from "./rows.js";
import { putLong } from "./cells.js";
import { routeTable } from "./table.js";
import { tracesView } from "./traces.js";
import { trendView } from "./trend.js";
import { addressOf } from "./view.js";
import { whereView } from "./whereview.js";

/** @param {import("./now.js").ChangeView} changeView */
export function serviceView(changeView) {
  const name = make("bdi");
  const head = headline(name);
  const path = crumbs();
  const whole = tiles(["rate", "errorRatio", "p50", "p95", "p99", "inFlight", "targets"]);
  const ofRoute = tiles(["rate", "errorRatio", "p50", "p95", "p99", "share"]);
  const trend = trendView(changeView);
  const marks = marksView();
  const changed = changedView(changeView);
  const where = whereView();
  const one = routeView();
  const traces = tracesView();
  const table = routeTable(changeView);
  const element = make("section", { class: "service" }, path.element, head.element, whole.element, ofRoute.element,
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
      element.className = `service ${service.state}`;
      head.update(service);
      path.update(now, service, route);
      const empty = service.routes.length === 0;
      whole.element.hidden = empty || Boolean(route);
      ofRoute.element.hidden = empty || !route;
      for (const part of [trend, table]) part.element.hidden = empty;
      changed.element.hidden = where.element.hidden = empty || Boolean(route);
      one.element.hidden = empty || !route;
      if (empty) return;
      const spans = route ? undefined : spansOf(samplesOf(now, spanMeans(now)))?.get(service.key);
      const ends = trend.update(now, subject, marks.update(now, job));
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
      table.update(now, service, changes);
    },
  };
}

/** crumbs lead back: to all services, and from a route to its service. */
function crumbs() {
  const all = make("a", {}, say("services"));
  const service = make("a");
  const route = make("bdi");
  const element = make("p", { class: "crumbs" }, all, " › ", service, make("span", {}, " › ", route));
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} s
     * @param {import("./model.js").Route | undefined} r
     */
    update({ view, services }, s, r) {
      element.hidden = services.length < 2 && !r;
      attribute(all, "href", addressOf(view, { open: "-", route: "", filter: "" }));
      attribute(service, "href", addressOf(view, { open: placeOf(s), route: "" }));
      putLong(service, s.job || say("noJob"));
      /** @type {HTMLElement} */ (route.parentElement).hidden = !r;
      putLong(route, r ? routeOf(r) : "");
      put(all, say("services"));
    },
  };
}
