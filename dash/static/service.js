// A service, or one of its routes: the verdict, the four signals, the routes, and what explains them; or one of
// its other parts: where the time goes, and its events.

import { changesOf } from "./changed.js";
import { attribute, make } from "./dom.js";
import { age, visible } from "./format.js";
import { stateText } from "./head.js";
import { lazy } from "./lazy.js";
import { say } from "./messages.js";
import { withJudged } from "./marks.js";
import { marksOver } from "./markview.js";
import { placeOf, routeOf } from "./rows.js";
import { findingsOf, signals } from "./signals.js";
import { routeTable } from "./table.js";
import { titleRow } from "./titlerow.js";
import { verdictView } from "./verdictview.js";
import { addressOf } from "./view.js";

/** Events in the list of a service. */
const maxEvents = 100;

/** @param {import("./now.js").ChangeView} changeView */
export function serviceView(changeView) {
  const title = titleRow();
  const verdict = verdictView(changeView);
  const four = signals(changeView);
  const table = routeTable(changeView);
  const below = lazy((later) => later.belowView(changeView));
  const one = lazy((later) => later.routeView());
  const time = lazy((later) => later.timeView(changeView));
  const all = lazy((later) => later.eventsCard(maxEvents));
  const element = make("div", { class: "servicescreen" }, title.element, verdict.element, four.element, one.element, table.element, below.element, time.element, all.element);
  const marks = marksOver();
  /** @type {import("./changes.js").Change[]} */
  let changes = [];
  /** What is below the signals, and the small lines, come after them, and so do not delay them. */
  let later = false;
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
      const part = route || empty || !["time", "events"].includes(now.view.part) ? "" : now.view.part;
      const found = withJudged(marks(now, job), findingsOf(service, undefined), now.step);
      const facts = factsOf(now, service, found, route);
      title.update({ ...titleOf(now, service, route), facts, tabs: route || empty ? [] : tabsOf(now, service) });
      verdict.update(now, service, { marks: found, route, facts: say("healthyFacts", { age: age(now.at - now.edges.from) }) });
      verdict.element.hidden = part === "time";
      for (const e of [four, table]) e.element.hidden = empty || part !== "" || (e === table && Boolean(route));
      below.element.hidden = empty || part !== "";
      one.element.hidden = empty || !route;
      time.element.hidden = part !== "time";
      all.element.hidden = part !== "events";
      attribute(element, "data-part", route ? "route" : part || "summary");
      if (empty) return;
      if (part === "time") return time.update(now, service, subject, found);
      if (part === "events") return all.update(now, service, found);
      const drawn = four.update(now, service, subject, { marks: found, route });
      if (drawn && !later) setTimeout(() => { later = true; now.more(); });
      // All of it in one round of queries, so that no part waits for the slowest of another.
      const rest = later && below.ready();
      if (rest) changes = changesOf(now, { job, schema }) ?? changes;
      if (route) one.update(now, service, subject);
      else table.update(now, service, changes, found, rest);
      if (later) below.update(now, service, subject, found, route);
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

/** factsOf are the version and the instances of a service, and how many routes it has where all are shown. */
function factsOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ s, /** @type {import("./marks.js").Mark[]} */ marks, /** @type {import("./model.js").Route | undefined} */ route) {
  const version = marks.findLast((m) => m.kind === "deploy");
  return [
    Number.isFinite(s.targets) ? say("factUp", { up: s.targets - s.down, all: s.targets }) : "",
    s.routes.length && !route ? say("factRoutes", { n: s.routes.filter((r) => !r.apart).length }) : "",
    // Last: its length changes as time passes.
    version ? say("factVersion", { version: visible(version.text), age: age(now.at - version.at) }) : "",
  ].filter(Boolean);
}

function tabsOf(/** @type {import("./now.js").Now} */ { view }, /** @type {import("./model.js").Service} */ s) {
  const tab = (/** @type {import("./view.js").View["part"]} */ part, /** @type {string} */ text) =>
    ({ key: part, text: say(text), href: addressOf(view, { open: placeOf(s), part }), current: view.part === part });
  return [tab("", "tabSummary"), tab("time", "tabTime"), tab("events", "tabEvents")];
}
