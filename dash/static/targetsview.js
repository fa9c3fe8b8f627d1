// The targets by job: the last scrape of each, and how to fix failing ones.

import { list, make, put } from "./dom.js";
import { age, latency, nothing, shorten, visible } from "./format.js";
import { laterMessages } from "./latermessages.js";
import { inLanguage, learn, say } from "./messages.js";
import { settingOf } from "./now.js";
import { explain } from "./scrapeerror.js";
import { jobsOf, matches, targetsOf } from "./targets.js";

/** Characters of an explanation that are shown. */
const longest = 900;

/** Targets that are shown; the rest is counted. */
const most = 100;

/** The columns and their kinds. */
const heads = [["state", ""], ["targetColumn", ""], ["lastScrape", "number"], ["scrapeTook", "number"]];

learn(laterMessages);

/** @param {import("./now.js").ChangeView} changeView */
export function targetsScreen(changeView) {
  const filter = /** @type {HTMLInputElement} */ (make("input", { id: "target-filter", type: "search", autocomplete: "off", spellcheck: "false" }));
  filter.addEventListener("input", () => changeView((view) => ({ ...view, filter: filter.value })));
  const tools = make("div", { class: "tools" }, make("label", { for: "target-filter" }, say("filterTargets")), filter);
  const note = make("p", { class: "muted", role: "status" });
  const body = make("tbody");
  const head = make("tr", {}, ...heads.map(([label, kind]) => make("th", { scope: "col", ...(kind ? { class: kind } : {}) }, say(label))));
  const table = make("div", { class: "wide jobs", tabindex: "0", role: "region", "aria-label": say("targets") }, make("table", { class: "facts" }, make("thead", {}, head), body));
  const element = make("section", { id: "targets-screen", class: "targets" }, make("div", { class: "head" }, make("h1", {}, say("targets"))), tools, note, table);
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update({ targets, view, at, config }) {
      if (filter.value !== view.filter && document.activeElement !== filter) filter.value = view.filter;
      tools.hidden = !targets;
      const all = targetsOf(targets ?? []);
      const found = all.filter((t) => matches(t, view.filter));
      put(note, targets ? countText(found, all.length) : say("noTargetList"));
      // The list is always current, even if the page shows an earlier range.
      const clock = "last" in view.span ? at : Date.now() / 1000;
      list(body, rowsOf(jobsOf(found, most), clock, settingOf(config)), (row) => ("job" in row ? jobView() : targetView()));
      table.hidden = found.length === 0;
    },
  };
}

/** countText counts the targets. */
function countText(/** @type {import("./targets.js").Target[]} */ found, /** @type {number} */ all) {
  if (all === 0) return say("noTargets");
  const [down, slow] = [found.filter((t) => t.health === "down").length, found.filter((t) => t.slow).length];
  const counts = say("targetsCount", { n: found.length, all, down, slow });
  return found.length > most ? `${counts} ${say("targetsShown", { n: most })}` : counts;
}

/** rowsOf lists each job above its targets, in one table, so that the columns align. */
const rowsOf = (/** @type {import("./targets.js").Job[]} */ jobs, /** @type {number} */ clock, /** @type {string} */ setting) =>
  jobs.flatMap((job) => [{ key: `job ${job.key}`, job }, ...job.targets.map((t) => ({ key: t.key, target: { ...t, clock, setting } }))]);

/** jobView is the line of a job. */
function jobView() {
  const name = make("bdi");
  const counts = make("span", { class: "muted" });
  return {
    element: make("tr", { class: "job" }, make("th", { scope: "colgroup", colspan: "4" }, make("h3", {}, name, " ", counts))),
    update(/** @type {any} */ { job: { job, up, down, unknown } }) {
      put(name, shorten(visible(job), 200) || say("noJob"));
      put(counts, [down ? say("jobDown", { n: down }) : "", up || !unknown ? say("targetsUp", { n: up }) : "", unknown ? say("jobUnknown", { n: unknown }) : ""].filter(Boolean).join(", "));
    },
  };
}

/** Messages of a target's states. */
const states = /** @type {Record<string, string>} */ ({ up: "targetUp", down: "down", unknown: "targetUnknown" });

function targetView() {
  const state = make("td", { class: "state" });
  const [name, labels, url] = [make("bdi", { class: "name" }), make("bdi", { class: "muted" }), make("bdi", { class: "muted" })];
  const meaning = make("p");
  const error = make("p", { class: "error", dir: "auto" });
  const [last, interval, took, timeout] = [make("div"), make("div", { class: "muted" }), make("div"), make("div", { class: "muted" })];
  const element = make("tr", {}, state, make("td", {}, name, " ", url, " ", labels, meaning, error), make("td", { class: "number" }, last, interval), make("td", { class: "number" }, took, timeout));
  return {
    element,
    update(/** @type {any} */ { target }) {
      const t = /** @type {import("./targets.js").Target & {clock: number, setting: string}} */ (target);
      element.className = t.health === "down" ? "errors" : t.slow ? "slow" : "";
      put(state, t.slow ? say("targetNearlyLate") : say(states[t.health]));
      put(name, clean(t.instance));
      put(url, clean(t.url));
      put(labels, clean(Object.entries(t.labels).map(([k, v]) => `${k}: ${v}`).join(", ")));
      putText(meaning, meaningText(t));
      putText(error, t.health === "down" ? clean(t.error) || say("noError") : clean(t.error));
      put(last, Number.isNaN(t.at) ? nothing : say("agoShort", { age: age(t.clock - t.at) }));
      put(interval, Number.isNaN(t.interval) ? "" : say("everySeconds", { interval: age(t.interval) }));
      put(took, Number.isNaN(t.at) ? nothing : latency(t.took));
      put(timeout, Number.isNaN(t.timeout) ? "" : say("ofSeconds", { timeout: t.timeout < 1 ? latency(t.timeout) : age(t.timeout) }));
    },
  };
}

function meaningText(/** @type {import("./targets.js").Target & {setting: string}} */ t) {
  if (t.error) return shorten(visible(inLanguage(explain(t.error, t, t.setting).texts)), longest);
  return t.slow ? say("targetNearlyLateMeans") : "";
}

function putText(/** @type {HTMLElement} */ element, /** @type {string} */ text) {
  element.hidden = !text;
  put(element, text);
}

const clean = (/** @type {string} */ text) => shorten(visible(text), 400);
