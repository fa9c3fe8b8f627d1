// One route: what its failing or slow requests have in common, the alerts that look at it, its statuses, its methods and
// its instances.

import { alertsOf } from "./common.js";
import { failingView, slowView } from "./commonview.js";
import { attribute, list, make, put } from "./dom.js";
import { facts } from "./facts.js";
import { findingsOf } from "./findings.js";
import { rate, ratio, time, visible } from "./format.js";
import { icon } from "./icons.js";
import { lacking } from "./lacks.js";
import { say } from "./messages.js";
import { ofInstances } from "./names.js";
import { samplesOf } from "./now.js";
import { isError, matchersOf, union } from "./queries.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { secondsAt } from "./verdict.js";
import { addressOf } from "./view.js";
import { instances } from "./where.js";
import { instanceCells, instanceHeads } from "./whereview.js";

const number = (/** @type {string} */ label) => ({ label, number: true });

/** routeView returns the cards of a route. */
export function routeView() {
  const [failing, slow, alerts] = [failingView(), slowView(), alertsView()];
  const statuses = facts("statuses", [{ label: "status" }, number("rateColumn"), number("ofAll")]);
  const methods = facts("methods", [{ label: "method" }, number("rateColumn"), number("ofAll")]);
  const each = facts("instances", instanceHeads.filter((h) => !["cpu", "memory"].includes(h.label)));
  for (const table of [statuses, methods, each]) table.element.classList.add("card");
  return {
    element: make("div", { class: "common" },
      make("div", { class: "grid two" }, make("div", { class: "stack" }, failing.element, slow.element), make("div", { class: "stack" }, alerts.element, each.element)),
      make("div", { class: "grid two" }, statuses.element, methods.element)),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./queries.js").Subject} subject
     */
    update(now, service, subject) {
      const labels = matchersOf(subject);
      const names = now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };
      const route = service.routes.find((r) => r.method === subject.method && r.path === subject.path);
      const found = (route && findingsOf(service).get(route.key)) ?? [];
      const isSlow = route?.state === "slow" || found.some((f) => f.kind === "latency" && !f.until);
      failing.update(now, names, subject, secondsAt(found.find((f) => f.kind === "errors")?.since), isSlow);
      slow.update(now, names, subject, isSlow);
      alerts.update(now, subject);
      const byStatus = samplesOf(now, `sum by (status) (${now.source.requests(labels)})`);
      if (byStatus) statuses.update(sharesOf(byStatus, "status").map(({ name, value, share }) => ({ key: name, cells: [{ text: name, worse: isError.test(name) }, rate(value), ratio(share)] })));
      const byMethod = samplesOf(now, `sum by (method) (${now.source.requests(labels.filter(([name]) => name !== "method"))})`);
      if (byMethod) {
        methods.update(sharesOf(byMethod, "method").filter(({ name }) => name).map(({ name, value, share }) => ({
          key: name, cells: [{ text: name, href: addressOf(now.view, { open: placeOf(service), route: `${name} ${subject.path}` }) }, rate(value), ratio(share)],
        })));
      }
      const own = ofInstances(names, subject, now.source.window || "1m").filter(([part]) => !["cpu", "memory"].includes(part));
      const measured = samplesOf(now, union(own));
      // Columns 5 and 6, CPU and memory, are of whole processes.
      if (measured) each.update(instances(measured).map((i) => ({ key: i.name, cells: instanceCells(i, now.at).filter((_, c) => c !== 5 && c !== 6) })));
    },
  };
}

/** alertsView is the card of the active alerts that look at a route. */
function alertsView() {
  const items = make("ul", { class: "events" });
  const none = make("p", { class: "empty" });
  return {
    element: make("section", { class: "card" }, make("header", {}, make("h2", {}, say("routeAlerts"))), items, none),
    update(/** @type {import("./now.js").Now} */ now, /** @type {import("./queries.js").Subject} */ subject) {
      const found = alertsOf(now.alerts ?? [], subject);
      items.hidden = found.length === 0;
      none.hidden = !items.hidden;
      put(none, lacking(now, "rules") || say(now.alerts ? "noRouteAlerts" : "noAlertsAPI"));
      list(items, found.map((alert) => ({ key: alert.key, alert, view: now.view })), alertItem);
    },
  };
}

function alertItem() {
  const [at, bell, name, state] = [make("time"), icon("bell"), make("a"), make("span")];
  return {
    element: make("li", {}, at, bell, make("span", {}, name, " ", state)),
    update(/** @type {{alert: import("./alerts.js").Alert, view: import("./view.js").View}} */ { alert, view }) {
      const firing = alert.state === "firing";
      const since = Date.parse(alert.activeAt);
      put(at, Number.isFinite(since) ? time(new Date(since), new Date()) : "");
      attribute(bell, "class", `i ${firing ? "is-bad" : "is-idle"}`);
      put(name, visible(alert.labels.alertname ?? ""));
      attribute(name, "href", addressOf(view, { page: "alerts" }));
      const severity = alert.labels.severity ? say("withSeverity", { severity: visible(alert.labels.severity) }) : "";
      put(state, say(firing ? "isFiring" : "isPending") + severity);
    },
  };
}

/** sharesOf are the values of a label, the largest first, with their share of the sum. */
function sharesOf(/** @type {import("./model.js").Sample[]} */ samples, /** @type {string} */ label) {
  const all = samples.map((s) => ({ name: s.metric[label] ?? "", value: numberOf(s.value[1]) })).filter(({ value }) => value > 0);
  const sum = all.reduce((n, { value }) => n + value, 0);
  return all.map((x) => ({ ...x, share: x.value / sum })).sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
}
