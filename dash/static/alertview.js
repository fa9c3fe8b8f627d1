// One alert: a line that opens to show its cause, its runbook and links to silence it.

import { agrees, hostOf, restOf, ruleOf, silenceLink, unitOfRule } from "./alerts.js";
import { chartsOf, fires } from "./alertchart.js";
import { chart, shownOf, written } from "./chart.js";
import { attribute, list, make, put } from "./dom.js";
import { chosenLines } from "./explore.js";
import { age, safeLink, shorten, time, visible } from "./format.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { columns } from "./range.js";
import { runbookView } from "./runbook.js";
import { numberOf } from "./sample.js";
import { zoomTo } from "./trend.js";
import { addressOf } from "./view.js";

/** Characters of a description that are shown. */
const longest = 600;

/**
 * An Item is an alert with what its view needs.
 * @typedef {object} Item
 * @property {string} key
 * @property {import("./alerts.js").Alert} alert
 * @property {import("./now.js").Now} now
 * @property {import("./alerts.js").Rule[]} rules
 * @property {string[]} managers addresses of Alertmanagers
 * @property {number} clock seconds since the epoch
 * @property {boolean} first it is open from the start
 */

/**
 * alertView returns the view of one alert. It calls opened whenever the view opens or
 * closes.
 * @param {Item} first
 * @param {import("./now.js").ChangeView} changeView
 * @param {(box: HTMLDetailsElement) => void} opened
 */
export function alertView(first, changeView, opened) {
  const [state, summary, since, labels] = [make("strong", { class: "state" }), make("bdi"), make("span", { class: "muted" }), make("bdi", { class: "muted" })];
  const box = /** @type {HTMLDetailsElement} */ (make("details", {}, make("summary", {}, state, " ", summary, " ", since, " ", labels)));
  /** @type {ReturnType<typeof detailsView> | null} */
  let details = null;
  let item = first;
  const open = () => {
    if (!box.open) return;
    // Created on demand: there can be many alerts, and charts are expensive.
    if (!details) box.append((details = detailsView(changeView)).element);
    details.update(item);
  };
  box.addEventListener("toggle", () => { opened(box); open(); });
  box.open = first.first;
  return {
    element: make("li", {}, box),
    /** @param {Item} now */
    update(now) {
      item = now;
      const { alert, clock } = now;
      const begun = new Date(alert.activeAt);
      box.parentElement?.setAttribute("class", alert.state);
      put(state, say(alert.state));
      put(summary, clean(alert.annotations.summary ?? ""));
      put(since, say("since", { time: time(begun, new Date()), age: age(clock - begun.getTime() / 1000) }));
      put(labels, shorten(visible(restOf(alert.labels)), 200));
      open();
    },
  };
}

/** @param {import("./now.js").ChangeView} changeView */
function detailsView(changeView) {
  const text = make("p", { dir: "auto" });
  const value = make("p", { class: "value" });
  const links = make("p", { class: "links" });
  const query = make("a", {}, say("openInExplore"));
  const silences = make("span");
  const waiting = make("p", { class: "muted" }, say("loading"));
  const problem = make("p", { class: "notice problem", role: "status" });
  const graph = chart("alerts", zoomTo(changeView));
  const runbook = runbookView();
  const why = make("div", { class: "why" }, waiting, problem, graph.element);
  links.append(query, runbook.link, silences);
  query.hidden = problem.hidden = graph.element.hidden = true;
  return {
    element: make("div", { class: "cause" }, make("div", { class: "told" }, text, value, links), why, runbook.element),
    /** @param {Item} item */
    update({ alert, now, rules, managers }) {
      const { alertname = "" } = alert.labels;
      put(text, clean(alert.annotations.description ?? ""));
      runbook.update(alert.annotations.runbook_url, alertname);
      list(silences, silenceLinks(managers, alert.labels), silenceView);
      const rule = ruleOf(rules, alert.labels);
      const picked = rule?.query ? pickedChart(now, alert, /** @type {import("./alerts.js").Rule & {query: string}} */ (rule)) : null;
      waiting.hidden = picked !== undefined || !graph.element.hidden;
      if (!picked) return;
      put(value, valueText(alert, picked));
      const { expr } = picked.chart;
      query.hidden = false;
      attribute(query, "href", addressOf(now.view, { page: "explore", expr }));
      problem.hidden = !picked.problem;
      put(problem, picked.problem?.text() ?? "");
      graph.element.hidden = Boolean(picked.problem);
      if (!picked.problem) graph.update(contentOf(picked), [markOf(alert)]);
    },
  };
}

/**
 * A Picked is the chart of an alert's cause, and its lines.
 * @typedef {{chart: import("./alertchart.js").Chart, unit: string, times: number[], series: import("./api.js").Series[], problem?: import("./api.js").Problem}} Picked
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

/** contentOf is the chart's content: the lines, and the threshold as another line. */
function contentOf(/** @type {Picked} */ { chart: { expr, limit }, unit, times, series }) {
  const lines = chosenLines(series).map((l) => ({ name: series.length === 1 ? say("value") : shorten(visible(l.name), 80), values: l.values }));
  if (limit !== null && lines.length) lines.push({ name: "limit", values: times.map(() => limit) });
  return shownOf({ id: "whyFired", unit, by: "", expr }, { times, names: lines.map((l) => l.name), values: lines.map((l) => l.values) });
}

/** How PromQL's comparison operators are displayed. */
const signs = /** @type {Record<string, string>} */ ({ ">=": "≥", "<=": "≤", "==": "=", "!=": "≠" });

/** valueText is the value of the last evaluation, and the threshold. */
function valueText(/** @type {import("./alerts.js").Alert} */ alert, /** @type {Picked} */ { chart: { op, limit }, unit }) {
  if (Number.isNaN(numberOf(alert.value))) return "";
  const value = written(unit, numberOf(alert.value));
  return limit === null ? say("valueIs", { value }) : say("valueAndLimit", { value, limit: `${signs[op] ?? op} ${written(unit, limit)}` });
}

/** @returns {import("./marks.js").Mark} */
function markOf(/** @type {import("./alerts.js").Alert} */ alert) {
  return { key: "active", at: Date.parse(alert.activeAt) / 1000, kind: "note", text: say("activeFrom") };
}

const silenceLinks = (/** @type {string[]} */ managers, /** @type {import("./alerts.js").Labels} */ labels) =>
  managers.map((url) => ({ key: url, host: managers.length > 1 ? hostOf(url) : "", href: safeLink(silenceLink(url, labels), document.baseURI) })).filter((s) => s.href);

function silenceView() {
  const a = make("a", { rel: "noreferrer", target: "_blank" });
  return {
    element: a,
    update(/** @type {{href: string, host: string}} */ { href, host }) {
      attribute(a, "href", href);
      put(a, host ? say("silenceAt", { host: visible(host) }) : say("silence"));
    },
  };
}

const clean = (/** @type {string} */ text) => shorten(visible(text), longest);
