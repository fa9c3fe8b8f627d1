// The requests with a trace: the slowest of the range.

import { card, nothing } from "./card.js";
import { attribute, list, make, put } from "./dom.js";
import { exemplarQuery, slowest, traceLink } from "./exemplars.js";
import { latency, safeLink, shorten, time, visible } from "./format.js";
import { stateIcon } from "./icons.js";
import { lacking } from "./lacks.js";
import { say } from "./messages.js";
import { isError } from "./queries.js";

const most = 10;

/** How long an answer is good for, in seconds. */
const listInterval = 15;

/** tracesView returns an empty card. */
export function tracesView() {
  const how = make("p", { class: "foot" }, say("traceHow", { trace: "{trace_id}" }));
  const body = make("tbody");
  const empty = nothing("link");
  const heads = [["timeColumn", ""], ["status", ""], ["took", "n"], ["trace", ""]];
  const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("traces") },
    make("table", { class: "dense" }, make("thead", {}, make("tr", {}, ...heads.map(([text, more]) => make("th", { scope: "col", class: more }, say(text))))), body));
  const frame = card(say("traces"), "traces", table, empty.element, how);
  frame.note(say("tracesNote"));
  empty.update("");
  table.hidden = how.hidden = true;
  return {
    element: frame.element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./queries.js").Subject} subject
     */
    update(now, subject) {
      const { at, edges, step, config } = now;
      const why = lacking(now, "query_exemplars");
      frame.state(why && "off");
      if (why) {
        empty.update(why);
        table.hidden = how.hidden = true;
        return;
      }
      const answer = now.query({ list: "exemplars", at: Math.floor(edges.to / listInterval) * listInterval, query: exemplarQuery(subject), start: Math.floor(edges.from / listInterval) * listInterval, end: Math.ceil(Math.max(edges.to + step, at) / listInterval) * listInterval });
      if (!answer) return;
      // Not every API has exemplars, or says so.
      const found = slowest(answer.value ?? [], most);
      empty.update(found.length ? "" : say("noTraces"));
      table.hidden = found.length === 0;
      how.hidden = found.length === 0 || config.traceURL !== "";
      list(body, found.map((exemplar) => ({ ...exemplar, template: config.traceURL })), row);
    },
  };
}

function row() {
  const state = stateIcon();
  const [when, status, took] = [make("td", { class: "nw muted" }), make("span"), make("td", { class: "n" })];
  const link = make("a", { rel: "noreferrer", target: "_blank", class: "mono small" });
  return {
    element: make("tr", {}, when, make("td", { class: "nw" }, state.element, " ", status), took, make("td", {}, link)),
    update(/** @type {import("./exemplars.js").Exemplar & {template: string}} */ x) {
      put(when, time(new Date(x.at * 1000), new Date()));
      state.update(isError.test(x.status) ? "errors" : "healthy");
      put(status, shorten(visible(x.status), 40));
      put(took, latency(x.seconds));
      put(link, shorten(visible(x.trace), 64));
      attribute(link, "href", safeLink(traceLink(x.template, x.trace), document.baseURI));
    },
  };
}
