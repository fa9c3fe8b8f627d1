// The targets by job: the last scrape of each, and how to fix failing ones.

import { attribute, copies, list, make, put, svg } from "./dom.js";
import { filterField } from "./field.js";
import { age, latency, nothing, safeLink, shorten, visible } from "./format.js";
import { icon, stateIcon } from "./icons.js";
import { lacking } from "./lacks.js";
import { laterMessages } from "./latermessages.js";
import { gap, inLanguage, learn, say } from "./messages.js";
import { rangeOf, settingOf } from "./now.js";
import { explain } from "./scrapeerror.js";
import { downFrom, jobsOf, matches, targetsOf } from "./targets.js";
import { titleRow } from "./titlerow.js";
import { clockAt } from "./verdict.js";

/** Characters of an explanation that are shown. */
const longest = 900;

/** Targets that are shown; the rest is counted. */
const most = 100;

/** The columns and their kinds. */
const heads = [["targetColumn", ""], ["upOver", ""], ["lastScrape", "n"], ["scrapeTook", "n"]];

learn(laterMessages);

/** @param {import("./now.js").ChangeView} changeView */
export function targetsScreen(changeView) {
  const title = titleRow();
  const state = stateIcon();
  const sentence = make("span");
  const note = make("span", { class: "quiet" });
  const verdict = make("section", { class: "verdict", "aria-label": say("verdict") }, make("div", { class: "say" }, state.element, make("p", { class: "sentence", role: "status" }, sentence, note)));
  const filter = filterField("target-filter", "filterTargets", changeView);
  const tools = make("div", { class: "tools" }, make("div", { class: "end" }, filter.element));
  const body = make("tbody");
  const head = make("tr", {}, ...heads.map(([label, kind]) => make("th", { scope: "col", ...(kind ? { class: kind } : {}) }, say(label))));
  const table = make("div", { class: "card scroll jobs", tabindex: "0", role: "region", "aria-label": say("targets") }, make("table", { class: "targets stackrows" }, make("thead", {}, head), body));
  const element = make("section", { id: "targets-screen", class: "targets late" }, title.element, verdict, tools, table);
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      const { targets, view, at, config } = now;
      filter.update(view);
      tools.hidden = !targets;
      const all = targetsOf(targets ?? []);
      const found = all.filter((t) => matches(t, view.filter));
      const down = all.filter((t) => t.health === "down");
      title.update({ name: say("targets"), state: down.length ? "down" : all.length ? "healthy" : "", stateWords: down.length ? say("jobDown", { n: down.length }) : say("targetsUp", { n: all.length }) });
      state.update(down.length ? "down" : all.some((t) => t.slow) ? "slow" : all.length ? "healthy" : "idle");
      attribute(verdict, "class", `verdict ${down.length ? "bad" : "plain"}`);
      // The list is always current, even if the page shows an earlier range.
      const clock = "last" in view.span ? at : Date.now() / 1000;
      const ups = upsOf(now, found.length > 0);
      const why = all.length === 0 ? lacking(now, "targets") : "";
      put(sentence, why || (targets ? downText(all, down, ups) : say("noTargetList")));
      const cause = down[0] ? firstSentence(meaningText({ ...down[0], setting: settingOf(config) })) : "";
      put(note, [cause, targets && all.length > 0 ? countText(found, all.length) : ""].filter(Boolean).map((text) => gap() + text).join(""));
      list(body, rowsOf(jobsOf(found, most), clock, settingOf(config)).map((row) => ({ ...row, ups })), (row) => ("job" in row ? jobView() : targetView()));
      table.hidden = found.length === 0;
    },
  };
}

/** downText says which target is down, and how many others. */
function downText(/** @type {import("./targets.js").Target[]} */ all, /** @type {import("./targets.js").Target[]} */ down, /** @type {Ups} */ ups) {
  if (all.length === 0) return say("noTargets");
  if (down.length === 0) return say("noneDown");
  const first = clean(down[0].instance || down[0].url);
  const [since, n] = [downSince(ups, down[0]), down.length - 1];
  if (Number.isNaN(since)) return n === 0 ? say("oneDown", { target: first }) : say("someDown", { target: first, n });
  return say(n === 0 ? "downSince" : "someDownSince", { target: first, n, time: clockAt(since) });
}

/** firstSentence is what is wrong; what to do about it is in the target's row. */
const firstSentence = (/** @type {string} */ text) => /^.*?(?:\.(?= )|。|$)/.exec(text)?.[0] ?? "";

const upKey = (/** @type {string} */ job, /** @type {string} */ instance) => JSON.stringify([job, instance]);

const downSince = (/** @type {Ups} */ { start, step, of }, /** @type {import("./targets.js").Target} */ t) => downFrom(of.get(upKey(t.job, t.instance)) ?? [], start, step);

/** @typedef {{start: number, step: number, of: Map<string, (number | null)[]>}} Ups whether each target was up over the range, by its job and instance */

/**
 * upsOf is the history of all targets.
 * @returns {Ups}
 */
function upsOf(/** @type {import("./now.js").Now} */ now, /** @type {boolean} */ any) {
  const answer = any ? rangeOf(now, `min by (job, instance) (${now.step > now.every ? `min_over_time(up[${now.step}s])` : "up"})`)?.value : undefined;
  const of = new Map((answer?.series ?? []).map((/** @type {import("./api.js").Series} */ s) => [upKey(s.metric.job ?? "", s.metric.instance ?? ""), s.values]));
  return { start: answer?.start ?? NaN, step: answer?.step ?? NaN, of };
}

/** countText counts the targets. */
function countText(/** @type {import("./targets.js").Target[]} */ found, /** @type {number} */ all) {
  const counts = say(found.length < all ? "targetsFound" : "targetsCount", { n: found.length, all });
  return found.length > most ? counts + gap() + say("targetsShown", { n: most }) : counts;
}

/** rowsOf lists each job above its targets, in one table, so that the columns align. */
const rowsOf = (/** @type {import("./targets.js").Job[]} */ jobs, /** @type {number} */ clock, /** @type {string} */ setting) =>
  jobs.flatMap((job) => [{ key: `job ${job.key}`, job }, ...job.targets.map((t) => ({ key: t.key, target: { ...t, clock, setting } }))]);

/** jobView is the line of a job. */
function jobView() {
  const name = make("bdi");
  const counts = make("span", { class: "muted" });
  return {
    element: make("tr", { class: "job" }, make("th", { scope: "colgroup", colspan: "4" }, name, " ", counts)),
    update(/** @type {any} */ { job: { job, up, down, unknown } }) {
      put(name, shorten(visible(job), 200) || say("noJob"));
      put(counts, [down ? say("jobDown", { n: down }) : "", up || !unknown ? say("targetsUp", { n: up }) : "", unknown ? say("jobUnknown", { n: unknown }) : ""].filter(Boolean).join(say("listComma")));
    },
  };
}

/** Messages of a target's states. */
const states = /** @type {Record<string, string>} */ ({ up: "targetUp", down: "down", unknown: "targetUnknown" });

/** stripView is whether a target was up over the range. */
function stripView() {
  const [ok, bad] = [svg("path", { class: "ok" }), svg("path", { class: "b" })];
  const element = svg("svg", { class: "strip", viewBox: "0 0 1000 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "basebar", width: 1000, height: 1 }), ok, bad);
  const path = (/** @type {(number | null)[]} */ values, /** @type {number} */ wanted) => {
    const width = 1000 / Math.max(1, values.length);
    return values.map((v, i) => (v === wanted ? `M${(i * width).toFixed(1)} 0h${width.toFixed(2)}v1h-${width.toFixed(2)}z` : "")).join("");
  };
  return {
    element,
    update(/** @type {(number | null)[]} */ values) {
      attribute(ok, "d", path(values, 1));
      attribute(bad, "d", path(values, 0));
    },
  };
}

function targetView() {
  const shape = stateIcon();
  const state = make("span", { class: "state small" });
  const [name, labels, url] = [make("bdi", { class: "name" }), make("bdi", { class: "muted small" }), make("bdi", { class: "muted small" })];
  const meaning = make("p", { class: "meaning" });
  const error = make("p", { class: "error", dir: "auto" });
  const command = make("code");
  const copy = make("button", { type: "button", class: "ctl", title: say("copyCommand") }, icon("copy"), command);
  copies(copy, command);
  const link = make("a", { class: "ctl", rel: "noreferrer", target: "_blank" }, icon("link"), say("openMetrics"));
  const doctor = make("div", { class: "acts" }, copy, link);
  const strip = stripView();
  const [last, interval, took, timeout] = [make("div"), make("div", { class: "muted small" }), make("div"), make("div", { class: "muted small" })];
  const element = make("tr", {}, make("td", { class: "target wide" }, make("div", { class: "line", "data-row": "", tabindex: "-1" }, shape.element, " ", name, " ", state), url, " ", labels, meaning, error, doctor),
    make("td", { class: "lanecell" }, strip.element), make("td", { class: "n", "data-l": say("lastScrape") }, last, interval), make("td", { class: "n", "data-l": say("scrapeTook") }, took, timeout));
  return {
    element,
    update(/** @type {any} */ { target, ups }) {
      const t = /** @type {import("./targets.js").Target & {clock: number, setting: string}} */ (target);
      element.className = t.health === "down" ? "errors" : t.slow ? "slow" : "";
      shape.update({ up: t.slow ? "slow" : "healthy", down: "down" }[t.health] ?? "pending");
      const since = t.health === "down" ? downSince(ups, t) : NaN;
      put(state, !Number.isNaN(since) ? say("downFor", { age: age(t.clock - since) }) : t.slow ? say("targetNearlyLate") : say(states[t.health]));
      put(name, clean(t.instance));
      put(url, clean(t.url));
      put(labels, clean(Object.entries(t.labels).map(([k, v]) => `${k}: ${v}`).join(", ")));
      putText(meaning, meaningText(t));
      putText(error, t.health === "down" ? clean(t.error) || say("noError") : clean(t.error));
      doctor.hidden = t.health !== "down" || !t.url;
      put(command, `tacho doctor ${clean(t.url)}`);
      const href = safeLink(t.url, document.baseURI);
      link.hidden = !href;
      attribute(link, "href", href);
      strip.update(ups.of.get(upKey(t.job, t.instance)) ?? []);
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
