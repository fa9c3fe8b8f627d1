// The list of traces below the charts.

import { attribute, list, make, put } from "./dom.js";
import { exemplarQuery, slowest, traceLink } from "./exemplars.js";
import { latency, safeLink, shorten, time, visible } from "./format.js";
import { say } from "./messages.js";

const most = 10;

/** tracesView returns an empty list. */
export function tracesView() {
  const items = make("ol", { class: "changes" });
  const element = make("details", { class: "traces" }, make("summary", {}, say("traces")), items);
  element.hidden = true;
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./queries.js").Subject} subject
     */
    update(now, subject) {
      const { at, edges, step, config } = now;
      const answer = now.ask({ list: "exemplars", at: edges.to, query: exemplarQuery(subject), start: edges.from, end: Math.max(edges.to + step, Math.ceil(at)) });
      if (!answer) return;
      // Not every API has exemplars.
      const found = slowest(answer.value ?? [], most);
      element.hidden = found.length === 0;
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
