// What explains the signals of a service: the distribution of latencies, instances, dependencies, concurrency and
// events; of a route the distribution and its traces. Loaded after what is above it.

import { chart } from "./chart.js";
import { attribute, make } from "./dom.js";
import { eventsCard } from "./eventsview.js";
import { count, visible } from "./format.js";
import { heatView } from "./heatview.js";
import { say } from "./messages.js";
import { panels } from "./panels.js";
import { begunOf, findingsOf, groundsOf } from "./signals.js";
import { tracesView } from "./traces.js";
import { answerOf, zoomTo } from "./trend.js";
import { dependsCard, instancesCard, namesOf } from "./whereview.js";

/** @param {import("./now.js").ChangeView} changeView */
export function belowView(changeView) {
  const heat = heatView(changeView);
  const [each, depends] = [instancesCard(), dependsCard()];
  const flight = flightCard(changeView);
  const events = eventsCard();
  const traces = tracesView();
  const stack = make("div", { class: "stack" }, each.element, depends.element);
  const wide = make("div", { class: "grid wide" }, heat.element, stack, traces.element);
  const lower = make("div", { class: "grid wide" }, flight.element, events.element);
  return {
    element: make("div", { class: "lazy" }, wide, lower),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./queries.js").Subject} subject
     * @param {import("./marks.js").Mark[]} found
     * @param {import("./model.js").Route | undefined} route
     */
    update(now, service, subject, found, route) {
      lower.hidden = stack.hidden = Boolean(route);
      traces.element.hidden = !route;
      heat.update(now, subject, { marks: found, begun: begunOf(findingsOf(service, route)), names: namesOf(now, service) });
      if (route) return traces.update(now, subject);
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
