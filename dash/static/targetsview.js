// The targets: how each scrape went, and what to do about those that fail.

import { list, make, put } from "./dom.js";
import { facts } from "./facts.js";
import { age, latency, shorten, visible } from "./format.js";
import { say } from "./messages.js";
import { meaningOf, targetsOf } from "./targets.js";

/** Targets that are down and shown with what to do; the rest is counted. */
const most = 20;

/** @param {import("./now.js").ChangeView} changeView */
export function targetsView(changeView) {
  const filter = /** @type {HTMLInputElement} */ (make("input", { id: "target-filter", type: "search", autocomplete: "off", spellcheck: "false" }));
  filter.addEventListener("input", () => changeView((view) => ({ ...view, filter: filter.value })));
  const note = make("p", { class: "muted" });
  const down = make("ul", { class: "list" });
  const rest = make("p", { class: "muted" });
  const all = facts("allTargets", [{ label: "job" }, { label: "instance" }, { label: "state" }, { label: "lastScrape", number: true }, { label: "scrapeTook", number: true }]);
  const element = make("div", { class: "targets" }, make("h2", {}, say("targetsTitle")),
    make("div", { class: "tools" }, make("label", { for: "target-filter" }, say("filterTargets")), filter), note, down, rest, all.element);
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update({ targets, view, at }) {
      if (filter.value !== view.filter && document.activeElement !== filter) filter.value = view.filter;
      const words = view.filter.toLowerCase().split(/\s+/);
      const found = targetsOf(targets ?? []).filter((t) => words.every((w) => `${t.job} ${t.instance} ${t.url} ${t.health}`.toLowerCase().includes(w)));
      const bad = found.filter((t) => t.health === "down");
      put(note, targets ? say("targetsCount", { n: found.length, down: bad.length }) : say("noTargetsAPI"));
      list(down, bad.slice(0, most), downView);
      rest.hidden = bad.length <= most;
      put(rest, say("more", { n: bad.length - most }));
      all.update(found.map((t) => ({ key: t.key, cells: cellsOf(t, at) })));
    },
  };
}

/**
 * @param {import("./targets.js").Target} t
 * @param {number} at
 * @returns {import("./facts.js").Cell[]}
 */
function cellsOf(t, at) {
  const state = { up: "targetUp", down: "down", unknown: "targetUnknown" }[t.health] ?? "targetUnknown";
  return [
    t.job, { text: t.instance, title: t.url }, { text: say(state), worse: t.health === "down" }, t.at > 0 ? age(at - t.at) : say("never"),
    { text: latency(t.took), worse: t.slow, title: t.slow ? say("targetNearlyLate") : "" },
  ];
}

function downView() {
  const name = make("bdi", { class: "name" });
  const url = make("bdi", { class: "muted" });
  const meaning = make("p");
  const error = make("p", { dir: "auto", class: "muted" });
  const element = make("li", { class: "firing" }, make("p", {}, name, " ", url), meaning, error);
  return {
    element,
    /** @param {import("./targets.js").Target} t */
    update(t) {
      put(name, clean(`${t.job} ${t.instance}`));
      put(url, clean(t.url));
      const key = meaningOf(t.error);
      meaning.hidden = !key;
      put(meaning, key ? say(key) : "");
      put(error, clean(t.error) || say("noError"));
    },
  };
}

const clean = (/** @type {string} */ text) => shorten(visible(text), 600);
