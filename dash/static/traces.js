// The list of traces below the charts.

import { attribute, list, make, put } from "./dom.js";
import { slowest, traceLink } from "./exemplars.js";
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
     * @param {any[]} series
     * @param {string} template of the traces' addresses
     */
    update(series, template) {
      const found = slowest(series, most);
      element.hidden = found.length === 0;
      list(items, found.map((exemplar) => ({ ...exemplar, template })), item);
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
