// The head of a service or a route: its state and its numbers.

import { attribute, make, put } from "./dom.js";
import { age, change, count, latency, nothing, rate, ratio, visible } from "./format.js";
import { say } from "./messages.js";
import { reason } from "./model.js";
import { lengthOf } from "./range.js";
import { numberQuery } from "./queries.js";
import { limitTexts, putLatency, putLong } from "./cells.js";
import { addressOf } from "./view.js";

/**
 * Numbers are those of a service or of one of its routes.
 * @typedef {{rate: number, errorRatio: number, p50: number, p95: number, p99: number, firstBound: number, lastBound: number, inFlight?: number, share?: number, targets?: number, down?: number}} Numbers
 */

/**
 * The numbers, and how each is shown.
 * @type {Record<string, (s: Required<Numbers>, element: Element) => void>}
 */
const writers = {
  rate: (s, element) => put(element, Number.isFinite(s.rate) ? `${rate(s.rate)} ${say("rateUnit")}` : nothing),
  errorRatio: (s, element) => put(element, ratio(s.errorRatio)),
  p50: (s, element) => putLatency(element, s.p50, s),
  p95: (s, element) => putLatency(element, s.p95, s),
  p99: (s, element) => putLatency(element, s.p99, s),
  inFlight: (s, element) => put(element, count(s.inFlight)),
  share: (s, element) => put(element, ratio(s.share)),
  targets: (s, element) => put(element, targetText(s)),
};

function targetText(/** @type {Required<Numbers>} */ s) {
  if (!Number.isFinite(s.targets)) return nothing;
  return s.down > 0 ? say("targetsSome", { up: s.targets - s.down, down: s.down }) : say("targetsUp", { n: s.targets });
}

/**
 * tiles returns the numbers, each a link to its query.
 * @param {string[]} ids
 */
export function tiles(ids) {
  const cells = ids.map((id) => {
    const number = make("a", { class: "value" });
    const delta = make("span", { class: "delta muted" });
    return { id, number, delta, element: make("div", {}, make("dt", {}, say(id)), make("dd", { class: id }, number, " ", delta)) };
  });
  return {
    element: make("dl", { class: "tiles" }, ...cells.map((c) => c.element)),
    /**
     * @param {import("./now.js").Now} now
     * @param {Numbers} numbers
     * @param {import("./queries.js").Subject} subject
     * @param {Record<string, [number, number]>} [spans] means of the time range and of the previous one, by ID
     */
    update(now, numbers, subject, spans = {}) {
      for (const { id, number, delta, element } of cells) {
        const expr = numberQuery(now.source, id, subject);
        attribute(number, "href", addressOf(now.view, { page: "explore", expr }));
        writers[id](/** @type {Required<Numbers>} */ (numbers), number);
        attribute(element, "title", `${say(`${id}Means`)} ${windowText(now)} ${expr}`);
        put(delta, spans[id] ? deltaText(id, spans[id], now) : "");
        attribute(delta, "title", spans[id] ? say("deltaMeans") : "");
      }
    },
  };
}

/** How the mean of a time range is formatted, for tiles that have one. */
const means = /** @type {Record<string, (mean: number) => string>} */ ({ rate, errorRatio: ratio, p95: latency });

/** deltaText is the mean of the selected range and its change; the number above it is the current value. */
function deltaText(/** @type {string} */ id, /** @type {[number, number]} */ [during, before], /** @type {import("./now.js").Now} */ now) {
  if (!Number.isFinite(during)) return "";
  const parts = { span: age(lengthOf(now.view.span)), mean: means[id](during) };
  const moved = change(during, before);
  return moved ? say("meanMoved", { ...parts, change: moved }) : say("meanOf", parts);
}

/** windowText is the window of the rates. */
const windowText = (/** @type {import("./now.js").Now} */ { source }) => (source.window ? say("overWindow", { window: source.window }) : say("overRules"));

/**
 * stateText is a service's state: that of its routes, and of its targets if only some of
 * them are down.
 * @param {import("./model.js").Service} s
 */
export function stateText(s) {
  if (s.down === 0 || s.down >= s.targets) return say(s.state);
  const some = say("partDown", { down: s.down, all: s.targets });
  return s.state === "down" ? some : say("both", { one: say(s.state), other: some });
}

/**
 * reasonText is the reason for a service's state.
 * @param {import("./model.js").Service} s
 */
export function reasonText(s) {
  const { key, values, more } = reason(s);
  const why = visible(say(key, { ...values, route: values.route || say("allRoutes") }));
  return more > 0 ? say("andMore", { why, n: more }) : why;
}

/**
 * headline is a service's name, its state and the reason for it.
 * @param {Element} name where the name is put
 */
export function headline(name) {
  const schema = make("span", { class: "muted" });
  const state = make("strong", { class: "state" });
  const why = make("span", { class: "why" });
  return {
    element: make("div", { class: "head" }, make("h2", {}, name, " ", schema), state, why),
    update(/** @type {import("./model.js").Service} */ s) {
      putLong(name, s.job || say("noJob"));
      put(schema, s.schema ? say("schemaOf", { schema: visible(s.schema) }) : "");
      put(state, stateText(s));
      attribute(state, "title", say(`${s.state}Means`, limitTexts));
      putLong(why, reasonText(s));
    },
  };
}
