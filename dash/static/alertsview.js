// Alerts and targets: what fires, why and what to do; what has fired; how scrapes go.

import { agrees, chartOf, pastOf, restOf, ruleOf, silenceLink } from "./alerts.js";
import { chart, shownOf } from "./chart.js";
import { attribute, list, make, put } from "./dom.js";
import { chosenLines } from "./explore.js";
import { facts } from "./facts.js";
import { age, safeLink, shorten, time, visible } from "./format.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { columns, within } from "./range.js";
import { runbookView } from "./runbook.js";
import { targetsView } from "./targetsview.js";
import { zoomTo } from "./trend.js";
import { addressOf } from "./view.js";

/** Alerts shown; the rest is counted. */
const most = 50;

/** How often the lists of rules and Alertmanagers are asked for, in seconds. */
const seldom = 30;

/** @param {import("./now.js").ChangeView} changeView */
export function alertsScreen(changeView) {
  const none = make("p", { class: "notice" });
  const active = make("ul", { class: "list" });
  const rest = make("p", { class: "muted" });
  const silences = make("p", { class: "muted" });
  const past = facts("pastAlerts", [{ label: "alert" }, { label: "labels" }, { label: "from" }, { label: "to" }, { label: "lasted", number: true }]);
  const broken = facts("brokenRules", [{ label: "rule" }, { label: "error" }]);
  const targets = targetsView(changeView);
  const element = make("section", { id: "alerts-screen" },
    make("h2", {}, say("alerts")), none, active, rest, silences, broken.element, past.element, targets.element);
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      const alerts = now.alerts ?? [];
      const at = Math.floor(now.at / seldom) * seldom;
      const groups = now.ask({ list: "rules", at });
      const managers = now.ask({ list: "alertmanagers", at });
      none.hidden = alerts.length > 0;
      if (groups) put(none, now.alerts ? say("noAlerts", { n: rulesOf(groups.value).length }) : say("noAlertsAPI"));
      const urls = (managers?.value ?? []).map((/** @type {any} */ m) => m.url ?? "");
      list(active, alerts.slice(0, most).map((alert, i) => ({ key: alert.key, alert, now, groups: groups?.value ?? [], urls, first: i === 0 })), (/** @type {Item} */ item) => alertView(item, changeView));
      rest.hidden = alerts.length <= most;
      put(rest, say("more", { n: alerts.length - most }));
      silences.hidden = alerts.length === 0 || urls.length > 0 || !managers;
      put(silences, say("noAlertmanager"));
      if (groups) broken.update(rulesOf(groups.value).filter((r) => r.health === "err").map((r) => ({ key: r.name, cells: [r.name, r.lastError ?? ""] })));
      const fired = rangeOf(now, 'ALERTS{alertstate="firing"}');
      if (fired) past.update(fired.value ? pastOf(fired.value, most).map((p) => pastRow(now, p)) : []);
      targets.update(now);
    },
  };
}

const rulesOf = (/** @type {any[] | undefined} */ groups) => (groups ?? []).flatMap((g) => g.rules ?? []);

/**
 * pastRow is an alert that is over; its name leads to the time in which it fired.
 * @param {import("./now.js").Now} now
 * @param {import("./alerts.js").Past} p
 */
function pastRow(now, p) {
  const moment = (/** @type {number} */ at) => time(new Date(at * 1000), new Date());
  const margin = Math.max(300, p.to - p.from);
  return {
    key: p.key,
    cells: [{ text: p.labels.alertname ?? "", href: addressOf(now.view, { span: within(p.from - margin, p.to + margin) }) }, restOf(p.labels), moment(p.from), moment(p.to), age(p.to - p.from + now.step)],
  };
}

/** @typedef {{key: string, alert: any, now: import("./now.js").Now, groups: any[], urls: string[], first: boolean}} Item */

/**
 * alertView is one alert: its line, and what is behind it when it is opened.
 * @param {Item} first
 * @param {import("./now.js").ChangeView} changeView
 */
function alertView(first, changeView) {
  const state = make("strong", { class: "state" });
  const name = make("bdi", { class: "name" });
  const since = make("span", { class: "muted" });
  const labels = make("bdi", { class: "muted" });
  const text = make("p", { dir: "auto" });
  const links = make("p", { class: "links" });
  const picture = chart("trend", zoomTo(changeView));
  const runbook = runbookView();
  const box = /** @type {HTMLDetailsElement} */ (make("details", {}, make("summary", {}, state, " ", name, " ", since, " ", labels), text, links, picture.element, runbook.element));
  box.open = first.first;
  picture.element.hidden = true;
  const element = make("li", {}, box);
  return {
    element,
    /** @param {Item} item */
    update({ alert, now, groups, urls }) {
      const { summary, description, runbook_url } = alert.annotations;
      element.className = alert.state;
      put(state, say(alert.state));
      put(name, clean(alert.labels.alertname ?? ""));
      const begun = new Date(alert.activeAt);
      put(since, say("since", { time: time(begun, new Date()), age: age(now.at - begun.getTime() / 1000) }));
      put(labels, clean(restOf(alert.labels)));
      put(text, clean([summary, description].filter(Boolean).join(" – ")));
      list(links, urls.map((url) => ({ key: url, href: safeLink(silenceLink(url, alert.labels), document.baseURI) })).filter(({ href }) => href), silenceView);
      if (box.open) drawRule(now, alert, ruleOf(groups, alert.labels), picture);
      runbook.update(runbook_url, box.open);
    },
  };
}

function silenceView() {
  const a = make("a", { rel: "noreferrer", target: "_blank" }, say("silence"));
  return { element: a, update(/** @type {any} */ { href }) { attribute(a, "href", href); } };
}

/**
 * drawRule shows what the alert's rule compares with its limit, and the limit.
 * @param {import("./now.js").Now} now
 * @param {any} alert
 * @param {any} rule
 * @param {{element: HTMLElement, update: (shown: import("./chart.js").Shown, marks: import("./marks.js").Mark[]) => void}} picture
 */
function drawRule(now, alert, rule, picture) {
  if (!rule?.query) return;
  const { expr, limit } = chartOf(rule.query);
  const answer = rangeOf(now, expr);
  if (!answer) return;
  picture.element.hidden = !answer.value;
  if (!answer.value) return;
  const series = answer.value.series.filter((/** @type {import("./api.js").Series} */ s) => agrees(s.metric, alert.labels));
  const lines = chosenLines(series).map((l) => ({ name: shorten(visible(l.name) || say("value"), 80), values: l.values }));
  const times = columns(answer.value)[0];
  if (limit !== null) lines.push({ name: say("limit"), values: times.map(() => limit) });
  const mark = { key: "active", at: new Date(alert.activeAt).getTime() / 1000, kind: /** @type {const} */ ("note"), text: say("active") };
  picture.update(shownOf({ id: "whyFired", unit: "number", by: "", expr }, { times, names: lines.map((l) => l.name), values: lines.map((l) => l.values) }), [mark]);
}

const clean = (/** @type {string} */ text) => shorten(visible(text), 600);
