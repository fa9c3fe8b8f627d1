// The list of traces below the charts.

import { attribute, list, make, put } from "./dom.js";
import { exemplarQuery, slowest, traceLink } from "./exemplars.js";
import { latency, safeLink, shorten, time, visible } from "./format.js";
import { say } from "./messages.js";

const most = 10;

/** How long an answer is good for, in seconds. */
const listInterval = 15;

/** tracesView returns an empty list. */
export function tracesView() {
  const how = make("p", { class: "muted" }, say("traceHow", { trace: "{trace_id}" }));
  const items = make("ol", { class: "changes" });
  const none = make("p", { class: "muted" });
  const element = /** @type {HTMLDetailsElement} */ (make("details", { class: "traces" }, make("summary", {}, say("traces")), none, items, how));
  let route = "";
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./queries.js").Subject} subject
     */
    update(now, subject) {
      const { at, edges, step, config } = now;
      // There can be very many: fetched for a single route, or when the list is opened.
      if (now.view.route && now.view.route !== route) element.open = true;
      route = now.view.route;
      if (!element.open) return;
      const answer = now.query({ list: "exemplars", at: Math.floor(edges.to / listInterval) * listInterval, query: exemplarQuery(subject), start: Math.floor(edges.from / listInterval) * listInterval, end: Math.ceil(Math.max(edges.to + step, at) / listInterval) * listInterval });
      if (!answer) return;
      // Not every API has exemplars.
      const found = slowest(answer.value ?? [], most);
      none.hidden = found.length > 0;
      put(none, found.length ? "" : say("noTraces"));
      how.hidden = found.length === 0 || config.traceURL !== "";
      list(items, found.map((exemplar) => ({ ...exemplar, template: config.traceURL })), item);
    },
  };
}

function item() {
  const what = make("span");
  const link = make("a", { rel: "noreferrer", target: "_blank" });
  const element = make("li", {}, what, " ", link);
  return {
    element,
    update(/** @type {import("./exemplars.js").Exemplar & {template: string}} */ x) {
      put(what, `${latency(x.seconds)} ${visible(x.route)} ${visible(x.status)} ${time(new Date(x.at * 1000), new Date())}`);
      put(link, shorten(visible(x.trace), 64));
      attribute(link, "href", safeLink(traceLink(x.template, x.trace), document.baseURI));
    },
  };
}
