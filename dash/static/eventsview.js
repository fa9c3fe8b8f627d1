// The events of a service: a card with the latest, and the list over the whole range.

import { card, nothing } from "./card.js";
import { attribute, list, make, put } from "./dom.js";
import { eventsOf, firingOver } from "./events.js";
import { shorten, time, visible } from "./format.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { addressOf } from "./view.js";

/** Events in the card; the list has all. */
const few = 6;

const icons = { deploy: ["deploy", "is-deploy"], restart: ["restart", "is-idle"], note: ["pen", "is-good"], alert: ["bell", "is-bad"] };

/**
 * eventsCard returns the card.
 * @param {number} [most] events that are shown
 */
export function eventsCard(most = few) {
  const items = make("ul", { class: "events" });
  const empty = nothing("clock");
  const rest = make("p", { class: "foot" });
  const frame = card(say("eventsTitle"), "eventcard", items, empty.element, rest);
  empty.update("");
  return {
    element: frame.element,
    /**
     * update shows the events, and returns their number.
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./marks.js").Mark[]} marks
     */
    update(now, service, marks) {
      const firing = rangeOf(now, firingOver(service.job));
      if (!firing) return;
      const all = eventsOf(marks, firing.value ?? null);
      list(items, all.slice(0, most).map((event) => ({ ...event, now })), eventView);
      empty.update(all.length ? "" : say("noEvents"));
      rest.hidden = all.length <= most;
      put(rest, say("more", { n: all.length - most }));
    },
  };
}

function eventView(/** @type {import("./events.js").Event & {now: import("./now.js").Now}} */ first) {
  const when = make("time");
  const alert = make("a");
  const before = make("span");
  const what = make("span", { class: first.kind === "alert" ? "route" : "" });
  const [sign, tone] = icons[first.kind];
  const element = make("li", {}, when, icon(sign, first.severity === "ticket" || first.severity === "warning" ? "is-warn" : tone), make("span", {}, alert, before, what));
  return {
    element,
    update(/** @type {import("./events.js").Event & {now: import("./now.js").Now}} */ event) {
      const moment = new Date(event.at * 1000);
      put(when, time(moment, new Date()));
      attribute(when, "datetime", moment.toISOString());
      const text = shorten(visible(event.text), 200);
      put(alert, event.kind === "alert" ? shorten(visible(event.alert ?? ""), 100) : "");
      if (event.kind === "alert") attribute(alert, "href", addressOf(event.now.view, { page: "alerts" }));
      put(before, { alert: text ? say("beganFor") : say("began"), deploy: say("deployedVersion", { version: text }), restart: text ? say("restartsOf", { n: text }) : say("oneRestart"), note: say("noteOf", { text }) }[event.kind]);
      put(what, event.kind === "alert" ? text : "");
    },
  };
}
