// Cards on what the failing, or the slow, requests of a route have in common.

import { attribute, list, make, put } from "./dom.js";
import { age, latency, ratio, shorten, visible } from "./format.js";
import { commonQueries, conclusion, speedConclusion, speedQueries, speedsOf, tally, traitsOf, versionsOf } from "./common.js";
import { track } from "./glyph.js";
import { say } from "./messages.js";
import { rangeOf, samplesOf } from "./now.js";
import { union } from "./queries.js";
import { clockAt } from "./verdict.js";

/**
 * comparison is a card with a sentence and a table: a label, two bars, both numbers, and a verdict.
 * @param {string} title a message's key
 * @param {string[]} heads messages' keys of the bars and of both numbers
 * @param {[string, string]} [tones] of the first bar, and of a number that stands out
 */
export function comparison(title, heads, tones = ["bad", "bad"]) {
  const note = make("span", { class: "note" });
  const says = make("p", { class: "conclude" }, make("b"), make("span"));
  const body = make("tbody");
  const [bars, first, second] = heads.map((head) => say(head));
  const head = make("tr", {}, make("th", { scope: "col" }, say("labelColumn")), make("th", { scope: "col", class: "hide-s" }, bars),
    make("th", { scope: "col", class: "n" }, first), make("th", { scope: "col", class: "n" }, second), make("th", { scope: "col" }, say("verdict")));
  const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say(title) }, make("table", { class: "dense apart" }, make("thead", {}, head), body));
  return {
    element: make("section", { class: "card" }, make("header", {}, make("h2", {}, say(title)), note), says, table),
    /**
     * @param {{note: string, says: string[], rows: Line[]}} _ the first sentence is the strongest
     */
    update({ note: about, says: [text = "", ...more], rows }) {
      put(note, about);
      put(/** @type {Element} */ (says.firstChild), text);
      put(/** @type {Element} */ (says.lastChild), more.length ? say("andThen", { text: more.join("") }) : "");
      table.hidden = rows.length === 0;
      list(body, rows, () => comparisonRow(tones));
    },
  };
}

/**
 * @typedef {{key: string, label: string, value: string, bars: [number, number], texts: [string, string], says: string, strong: boolean}} Line
 */

function comparisonRow(/** @type {[string, string]} */ [bar, tone]) {
  const [label, value] = [make("span"), make("bdi", { class: "route" })];
  const [above, below] = [track(bar, "w"), track("rest", "w")];
  const [first, second] = [make("td", { class: "n" }), make("td", { class: "n muted" })];
  const verdict = make("td", { class: "small" });
  const element = make("tr", {}, make("td", { class: "nw" }, label, " ", value), make("td", { class: "two hide-s" }, make("div", { class: "both" }, above.element, below.element)), first, second, verdict);
  return {
    element,
    update(/** @type {Line} */ line) {
      put(label, line.label);
      const all = visible(line.value);
      put(value, shorten(all, 40));
      attribute(value, "title", all.length > 40 ? shorten(all, 2000) : "");
      [above, below].forEach((bar, i) => bar.update(line.bars[i]));
      put(first, line.texts[0]);
      put(second, line.texts[1]);
      attribute(first, "class", line.strong ? `n is-${tone} strong` : "n");
      put(verdict, line.says);
      attribute(verdict, "class", line.strong ? "small" : "small muted");
    },
  };
}

/** failingView is the card on failing requests. */
export function failingView() {
  const card = comparison("commonTitle", ["failingAndRest", "failingColumn", "restColumn"]);
  return {
    element: card.element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./names.js").Names} names
     * @param {import("./queries.js").Subject} subject
     * @param {number} since when it began to fail, also if that is over; 0 if it did not
     * @param {boolean} slow the route is slow: without a failing request the card has nothing to add
     */
    update(now, names, subject, since, slow) {
      const { requests, versions } = commonQueries(names, subject, now.source.window || "1m");
      const [counted, known] = [requests ? rangeOf(now, requests)?.value : null, rangeOf(now, versions)];
      if (requests && (!counted || !known)) return;
      const traits = counted ? traitsOf(tally(counted, versionsOf(known?.value ?? { start: 0, step: 1, count: 0, series: [] }), subject.method ?? "", since)) : [];
      card.element.hidden = slow && traits.length === 0;
      card.update({
        note: since > now.edges.from ? say("commonSince", { time: clockAt(since) }) : say("commonNote", { age: age(now.edges.to - now.edges.from) }),
        says: traits.length ? conclusion(traits).map(({ key, values }) => sentence(key, values)) : [say(requests ? "noneFailed" : "notByInstance")],
        rows: traits.map((t) => ({
          key: t.key, label: t.label, value: t.value, bars: [t.failing, t.rest], texts: [ratio(t.failing), ratio(t.rest)], says: say(t.says), strong: t.strong,
        })),
      });
    },
  };
}

/** slowView is the card on slow requests, hidden for a route that is not slow. */
export function slowView() {
  const card = comparison("slowTitle", ["meanAndRest", "mean", "restColumn"]);
  card.element.hidden = true;
  return {
    element: card.element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./names.js").Names} names
     * @param {import("./queries.js").Subject} subject
     * @param {boolean} slow
     */
    update(now, names, subject, slow) {
      card.element.hidden = !slow;
      const queries = slow ? speedQueries(names, subject, now.source.window || "1m") : [];
      if (queries.length < 2) return void (card.element.hidden = true);
      const [samples, known] = [samplesOf(now, union(queries)), rangeOf(now, commonQueries(names, subject, "1m").versions)];
      if (!samples || !known) return;
      const versions = new Map([...versionsOf(known.value ?? { start: 0, step: 1, count: 0, series: [] })].map(([name, all]) => [name, all.findLast(Boolean) ?? ""]));
      const speeds = speedsOf(samples, versions);
      const most = Math.max(...speeds.map((s) => s.mean));
      const said = speedConclusion(speeds);
      card.update({
        note: say("slowNote"), says: said ? [sentence(said.key, said.values)] : [],
        rows: speeds.map((s) => ({
          key: s.key, label: s.label, value: s.value, bars: [s.mean / most, s.rest / most], texts: [latency(s.mean), latency(s.rest)], says: say(s.says, s.values), strong: s.strong,
        })),
      });
    },
  };
}

/** sentence is a message whose values are foreign texts. */
const sentence = (/** @type {string} */ key, /** @type {Record<string, string>} */ values) =>
  say(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shorten(visible(value), 60)])));
