// One alert: a row of the table, and below it, when it is open, what the rule says, its chart, its labels and
// its runbook.

import { agrees, begunAt, firingFrom, hostOf, isCritical, kindOf, ruleOf, silenceLink, textOf, unitOfRule } from "./alerts.js";
import { chartsOf, fires } from "./alertchart.js";
import { chart, shownOf, written } from "./chart.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { chosenLines } from "./explore.js";
import { age, nothing, plain, safeLink, shorten, time, visible } from "./format.js";
import { widthOf } from "./geometry.js";
import { icon, stateIcon } from "./icons.js";
import { marksOver } from "./markview.js";
import { gap, say } from "./messages.js";
import { limitsOf } from "./model.js";
import { rangeOf } from "./now.js";
import { columns } from "./range.js";
import { placeOf, routeOf } from "./rows.js";
import { signs } from "./rulesview.js";
import { runbookView } from "./runbook.js";
import { numberOf } from "./sample.js";
import { sparkPath } from "./sparkline.js";
import { zoomTo } from "./trend.js";
import { claim } from "./verdict.js";
import { addressOf } from "./view.js";

/** Characters of a description that are shown, and labels. */
const [longest, maxLabels] = [600, 20];

/**
 * An Item is an alert with what its rows need.
 * @typedef {object} Item
 * @property {string} key
 * @property {import("./alerts.js").Alert} alert
 * @property {boolean} opened
 * @property {import("./now.js").Now} now
 * @property {import("./alerts.js").Rule[]} rules
 * @property {string[]} managers addresses of Alertmanagers
 * @property {number} clock seconds since the epoch
 * @property {import("./api.js").Range | null} fired what fired over the range
 */

/**
 * alertRow is the row of an alert. Its sentence opens and closes it.
 * @param {(key: string) => void} toggle
 */
export function alertRow(toggle) {
  const arrow = icon("right", "s");
  const state = stateIcon();
  const sentence = sentenceOf();
  const open = make("button", { type: "button", class: "row" }, sentence.element);
  const service = make("a");
  const number = make("b");
  const meter = meterView(number);
  const limit = make("td", { class: "n drop muted" });
  const line = svg("path", { class: "ln lq95" });
  const spark = svg("svg", { class: "spark", viewBox: "0 0 100 22", preserveAspectRatio: "none", "aria-hidden": "true" }, line);
  const [since, long] = [make("b"), make("span", { class: "was" })];
  const rule = make("bdi", { class: "muted mono small" });
  const cell = (/** @type {string} */ kind, /** @type {string} */ label, /** @type {(Node | string)[]} */ ...children) => make("td", { class: kind, "data-l": say(label) }, ...children);
  const element = make("tr", { "data-row": "", tabindex: "-1" }, make("td", { class: "lead" }, arrow, state.element, open), cell("nw", "service", service), cell("n", "valueColumn", meter.element), limit,
    make("td", { class: "sp drop hide-m" }, spark), cell("nw two2", "activeSince", since, " ", long), make("td", { class: "drop hide-m nw" }, rule));
  let key = "";
  open.addEventListener("click", () => toggle(key));
  return {
    element,
    /** @param {Item} item */
    update(item) {
      const { alert, now, clock, opened } = item;
      key = alert.key;
      attribute(element, "class", opened ? "opened" : "");
      attribute(open, "aria-expanded", String(opened));
      attribute(/** @type {Element} */ (arrow.firstElementChild), "href", `#i-${opened ? "down" : "right"}`);
      state.update(shapeOf(alert));
      sentence.update(alert);
      const s = now.services.find((each) => each.job === alert.labels.job);
      put(service, shorten(visible(alert.labels.job ?? ""), 60) || nothing);
      attribute(service, "href", s ? addressOf(now.view, { page: "", part: "", route: "", filter: "", open: placeOf(s) }) : "");
      const picked = pickedOf(item);
      const told = valueOf(item, picked);
      put(number, told.value || nothing);
      put(limit, told.limit || nothing);
      meter.update(toneOf(alert), told.share, told.tick);
      const curve = picked?.series[0]?.values ?? [];
      attribute(line, "d", curve.length ? sparkPath(curve, Math.max(...curve.map((v) => v ?? 0), picked?.chart.limit ?? 0, 1e-12), 100, 22) : "");
      put(since, time(new Date(alert.activeAt), new Date()));
      put(long, Number.isNaN(begunAt(alert)) ? "" : age(clock - begunAt(alert)));
      put(rule, shorten(visible(alert.labels.alertname ?? ""), 80));
    },
  };
}

/** shapeOf is the state whose shape an alert has. */
function shapeOf(/** @type {import("./alerts.js").Alert} */ alert) {
  if (alert.state !== "firing") return "pending";
  return kindOf(alert.labels).kind === "target" ? "down" : isCritical(alert.labels) ? "errors" : "slow";
}

const toneOf = (/** @type {import("./alerts.js").Alert} */ a) => (a.state !== "firing" ? "calm" : isCritical(a.labels) ? "bad" : "warn");

/** sentenceOf is what an alert says: tacho's own in the reader's language, others in the words of their rule. */
function sentenceOf() {
  const [state, subject, what] = [make("span", { class: "unseen" }), make("bdi", { class: "route" }), make("bdi")];
  return {
    element: make("span", {}, state, subject, what),
    update(/** @type {import("./alerts.js").Alert} */ alert) {
      const { kind, subject: of } = kindOf(alert.labels);
      const now = numberOf(alert.value);
      const own = kind !== "" && !(Number.isNaN(now) && kind !== "target");
      put(state, `${say(alert.state)} `);
      put(subject, own ? shorten(visible(of), 160) : "");
      put(what, own ? ` ${claim({ kind, job: "", now, worst: now, limit: NaN, since: "" })}` : clean(textOf(alert.annotations, "summary", document.documentElement.lang)) || clean(alert.labels.alertname ?? ""));
    },
  };
}

/** meterView is a value's bar with a tick at the limit. */
function meterView(/** @type {HTMLElement} */ number) {
  const rect = svg("rect", { height: "100%", width: "0%" });
  const tick = svg("line", { class: "lim", y1: 0, y2: "100%" });
  const bar = svg("svg", { class: "track", "aria-hidden": "true" }, rect, tick);
  return {
    element: make("span", { class: "meter" }, bar, number),
    update(/** @type {string} */ tone, /** @type {number} */ share, /** @type {number} */ at) {
      attribute(bar, "visibility", share >= 0 ? "" : "hidden");
      attribute(rect, "class", `v ${tone}`);
      attribute(rect, "width", widthOf(share));
      attribute(tick, "visibility", at > 0 && share >= 0 ? "" : "hidden");
      for (const x of ["x1", "x2"]) attribute(tick, x, widthOf(at > 0 ? at : 0));
    },
  };
}

/** pickedOf is the chart of an alert's cause; undefined until the results are there, null if its rule is unknown. */
function pickedOf(/** @type {Item} */ { alert, now, rules }) {
  const rule = ruleOf(rules, alert.labels);
  return rule?.query ? pickedChart(now, alert, /** @type {import("./alerts.js").Rule & {query: string}} */ (rule)) : null;
}

/**
 * valueOf is an alert's value and limit, and how the bar shows them. That of a target is how long it has been
 * down, and for how long a rule waits.
 * @param {Item} item
 * @param {Picked | null | undefined} picked
 */
function valueOf({ alert, rules, clock }, picked) {
  const { kind } = kindOf(alert.labels);
  const rule = ruleOf(rules, alert.labels);
  if (kind === "target" && !Number.isNaN(begunAt(alert))) return { value: age(clock - begunAt(alert)), limit: rule?.duration ? age(rule.duration) : "", share: 1, tick: NaN };
  const n = numberOf(alert.value);
  if (!rule?.query || Number.isNaN(n)) return { value: "", limit: "", share: NaN, tick: NaN };
  const unit = unitOfRule(rule, picked?.chart.expr ?? rule.query);
  const limit = limitOf(alert, picked);
  const top = unit === "ratio" && n <= 1 ? 1 : Math.max(n, limit || 0);
  const sign = picked?.chart.op ? `${signs[picked.chart.op] ?? picked.chart.op} ` : "";
  return { value: written(unit, n), limit: Number.isNaN(limit) ? "" : `${sign}${plain(written(unit, limit))}`, share: limit > 0 ? n / top : NaN, tick: limit / top };
}

/** limitOf is the number in a rule, or the recorded limit that it compares with. */
function limitOf(/** @type {import("./alerts.js").Alert} */ { labels }, /** @type {Picked | null | undefined} */ picked) {
  if (picked && picked.chart.limit !== null) return picked.chart.limit;
  const of = limitsOf(labels.job ?? "", labels.path);
  return { errors: of.errorRatio, latency: of.slow }[kindOf(labels).kind] ?? NaN;
}

/**
 * detailRow is below the row of an open alert.
 * @param {import("./now.js").ChangeView} changeView
 */
export function detailRow(changeView) {
  const text = make("p", { dir: "auto" });
  const [value, moments] = [make("b"), make("span")];
  const query = action("code", "openInExplore");
  const route = action("go", "openRoute");
  const objective = action("gauge", "openSLO");
  const silences = make("span", { class: "flow" });
  const labels = make("p", { class: "flow" });
  const waiting = make("p", { class: "muted" }, say("loading"));
  const problem = make("p", { class: "notice problem", role: "status" });
  const graph = chart("alerts", zoomTo(changeView), { size: "tall" });
  const runbook = runbookView();
  const marks = marksOver();
  const acts = make("div", { class: "acts" }, route, objective, query, silences, runbook.link);
  runbook.link.className = "ctl";
  query.hidden = route.hidden = problem.hidden = graph.element.hidden = true;
  const why = make("div", { class: "why" }, text, make("p", {}, value, gap(), moments), waiting, problem, graph.element, labels, acts);
  return {
    element: make("tr", { class: "detail" }, make("td", { colspan: "7" }, make("div", { class: "cols" }, why, runbook.element))),
    /** @param {Item} item */
    update(item) {
      const { alert, now, managers } = item;
      const { alertname = "", job = "" } = alert.labels;
      const from = item.fired ? firingFrom(item.fired, alert.labels) : NaN;
      put(text, clean(textOf(alert.annotations, "description", document.documentElement.lang)));
      put(moments, momentsText(alert, from));
      runbook.update(alert.annotations.runbook_url, alertname);
      list(silences, silenceLinks(managers, alert.labels), silenceView);
      list(labels, Object.entries(alert.labels).filter(([name]) => name !== "alertname").slice(0, maxLabels).map(([name, v]) => ({ key: name, text: `${name}=${v}` })), labelView);
      linkRoute(route, item);
      objective.hidden = !alert.labels.slo;
      attribute(objective, "href", addressOf(now.view, { page: "slos", part: "", filter: alert.labels.slo ?? "" }));
      const picked = pickedOf(item);
      waiting.hidden = picked !== undefined || !graph.element.hidden;
      if (!picked) return;
      const told = valueOf(item, picked);
      put(value, !told.value ? "" : told.limit ? say("valueAndLimit", told) : say("valueIs", { value: told.value }));
      const { expr } = picked.chart;
      query.hidden = false;
      attribute(query, "href", addressOf(now.view, { page: "explore", part: "", expr }));
      problem.hidden = !picked.problem;
      put(problem, picked.problem?.text() ?? "");
      graph.element.hidden = Boolean(picked.problem);
      if (!picked.problem) graph.update(contentOf(picked), marksOf(alert, from, job ? marks(now, job) : []), lookOf(alert, picked, limitOf(alert, picked)));
    },
  };
}

function action(/** @type {string} */ sign, /** @type {string} */ text) {
  return make("a", { class: "ctl" }, icon(sign), say(text));
}

/** linkRoute leads to the route that an alert is about, if there is one. */
function linkRoute(/** @type {HTMLElement} */ link, /** @type {Item} */ { alert, now }) {
  const { job, path, method } = alert.labels;
  const s = now.services.find((each) => each.job === job);
  const found = s?.routes.filter((r) => r.path === path && (!method || r.method === method)) ?? [];
  link.hidden = found.length === 0;
  if (s && found[0]) attribute(link, "href", addressOf(now.view, { page: "", part: "", filter: "", open: placeOf(s), route: routeOf(found[0]) }));
}

/** momentsText says when an alert became pending, and when it began to fire. */
function momentsText(/** @type {import("./alerts.js").Alert} */ alert, /** @type {number} */ from) {
  const at = (/** @type {number} */ seconds) => time(new Date(seconds * 1000), new Date());
  const begun = begunAt(alert);
  if (Number.isNaN(begun)) return "";
  if (alert.state !== "firing") return say("pendingSince", { time: at(begun) });
  return Number.isNaN(from) || from <= begun ? say("activeSinceAt", { time: at(begun) }) : say("pendingAndFiring", { pending: at(begun), firing: at(from) });
}

function labelView() {
  const element = make("bdi", { class: "chip label" });
  return { element, update(/** @type {{text: string}} */ { text }) { put(element, shorten(visible(text), 120)); } };
}

/**
 * A Picked is the chart of an alert's cause, and its lines.
 * @typedef {{chart: import("./alertchart.js").Chart, unit: string, series: import("./api.js").Series[], times: number[], problem?: import("./api.js").Problem}} Picked
 */

/**
 * pickedChart queries all alternatives of a rule, and picks the one that fires for the
 * alert; undefined until the results are there.
 * @returns {Picked | undefined}
 */
function pickedChart(/** @type {import("./now.js").Now} */ now, /** @type {import("./alerts.js").Alert} */ alert, /** @type {import("./alerts.js").Rule & {query: string}} */ rule) {
  const charts = chartsOf(rule.query);
  const answers = charts.map((c) => rangeOf(now, c.expr));
  if (answers.some((a) => !a)) return undefined;
  const all = charts.map((c, i) => {
    const { value, problem } = /** @type {import("./cache.js").Result} */ (answers[i]);
    const series = /** @type {import("./api.js").Series[]} */ (value?.series ?? []).filter((s) => agrees(s.metric, alert.labels, rule.labels ?? {}));
    return { chart: c, unit: unitOfRule(rule, c.expr), times: value ? columns(value)[0] : [], series, problem };
  });
  return all.find((p) => p.series.some((s) => fires(p.chart, s.values))) ?? all.find((p) => p.series.length > 0) ?? all[0];
}

function contentOf(/** @type {Picked} */ { chart: { expr }, unit, times, series }) {
  const lines = chosenLines(series).map((l) => ({ name: series.length === 1 ? say("value") : shorten(visible(l.name), 80), values: l.values }));
  return shownOf({ id: "whyFired", unit, by: "", expr }, { times, names: lines.map((l) => l.name), values: lines.map((l) => l.values) });
}

/**
 * lookOf is the ground of the time in which an alert has been active, and its limit.
 * @returns {import("./plot.js").Look}
 */
function lookOf(/** @type {import("./alerts.js").Alert} */ alert, /** @type {Picked} */ { unit }, /** @type {number} */ limit) {
  const begun = begunAt(alert);
  return {
    grounds: Number.isNaN(begun) ? [] : [{ from: begun, to: Infinity, tone: isCritical(alert.labels) ? "bad" : "warn" }], begun: begun || 0,
    limit: Number.isNaN(limit) ? null : { value: limit, text: say("limitAt", { value: plain(written(unit, limit)) }) },
  };
}

/**
 * marksOf are the deployments of the service, and when the alert became pending and began to fire.
 * @returns {import("./marks.js").Mark[]}
 */
function marksOf(/** @type {import("./alerts.js").Alert} */ alert, /** @type {number} */ from, /** @type {import("./marks.js").Mark[]} */ events) {
  const own = [["pending", begunAt(alert), "activeFrom"], ["firing", from, "firesFrom"]].filter(([, at]) => !Number.isNaN(at));
  const marks = own.map(([key, at, text]) => ({ key: String(key), at: Number(at), kind: /** @type {"alert" | "note"} */ (key === "firing" ? "alert" : "note"), text: say(String(text)) }));
  return [...events, ...marks].sort((a, b) => a.at - b.at);
}

const silenceLinks = (/** @type {string[]} */ managers, /** @type {import("./alerts.js").Labels} */ labels) =>
  managers.map((url) => ({ key: url, host: managers.length > 1 ? hostOf(url) : "", href: safeLink(silenceLink(url, labels), document.baseURI) })).filter((s) => s.href);

function silenceView() {
  const text = make("span");
  const a = make("a", { class: "ctl", rel: "noreferrer", target: "_blank" }, icon("bell"), text);
  return {
    element: a,
    update(/** @type {{href: string, host: string}} */ { href, host }) {
      attribute(a, "href", href);
      put(text, host ? say("silenceAt", { host: visible(host) }) : say("silence"));
    },
  };
}

const clean = (/** @type {string} */ text) => shorten(visible(text), longest);
