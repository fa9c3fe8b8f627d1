// The screen of alerts: active alerts with their cause and runbook, resolved
// alerts, alert rules.

import { firedOver, keyOf, pastOf, restOf, rulesOf } from "./alerts.js";
import { alertView } from "./alertview.js";
import { list, make, put } from "./dom.js";
import { facts } from "./facts.js";
import { age, shorten, time, visible } from "./format.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { alertGroups } from "./model.js";
import { rulesView } from "./rulesview.js";
import { within } from "./range.js";
import { addressOf } from "./view.js";

learn(laterMessages);

/** Groups, and alerts in a group, that are shown; the rest is counted. */
const maxShown = 30;

/** Alerts of a group that are visible; the others need a click. */
const maxVisible = 5;

/** Resolved alerts that are shown. */
const maxPast = 50;

/** Alerts open at a time: one more closes the one opened first. */
const maxOpen = 4;

/** Seconds between two fetches of the rules and Alertmanagers. */
const listInterval = 30;

/** @param {import("./now.js").ChangeView} changeView */
export function alertsScreen(changeView) {
  const active = activeView(changeView);
  const past = pastView();
  const rules = rulesView();
  const element = make("section", { id: "alerts-screen", class: "late" }, make("div", { class: "head" }, make("h1", {}, say("alerts"))), active.element, rules.broken, past.element, rules.element);
  // Old lists stay until newer ones arrive.
  /** @type {{rules: import("./alerts.js").Rule[] | null, managers: string[] | null}} */
  const known = { rules: null, managers: null };
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      const at = Math.floor(now.at / listInterval) * listInterval;
      const [alerting, recording, managers] = ["rules", "recording", "alertmanagers"].map((name) => now.query({ list: name, at }));
      if (alerting?.value && recording) known.rules = rulesOf([...alerting.value, ...(recording.value ?? [])]);
      if (managers?.value) known.managers = managers.value.map((/** @type {{url?: string}} */ m) => String(m.url ?? ""));
      active.update(now, known.rules, known.managers);
      rules.update(known.rules);
      past.update(now);
    },
  };
}

/** clockOf is the current time: the API's if the page is live. */
const clockOf = (/** @type {import("./now.js").Now} */ now) => ("last" in now.view.span ? now.at : Date.now() / 1000);

/** activeView shows the active alerts by name. */
function activeView(/** @type {import("./now.js").ChangeView} */ changeView) {
  const none = make("p", { class: "notice", role: "status" });
  const groups = make("ul", { class: "list groups" });
  const rest = make("p", { class: "muted" });
  const silences = make("p", { class: "muted" }, say("noAlertmanager"));
  /** @type {HTMLDetailsElement[]} */
  let open = [];
  const opened = (/** @type {HTMLDetailsElement} */ box) => {
    open = [...open.filter((b) => b !== box && b.isConnected), ...(box.open ? [box] : [])];
    while (open.length > maxOpen) /** @type {HTMLDetailsElement} */ (open.shift()).open = false;
  };
  return {
    element: make("div", {}, none, groups, rest, silences),
    update(/** @type {import("./now.js").Now} */ now, /** @type {import("./alerts.js").Rule[] | null} */ rules, /** @type {string[] | null} */ managers) {
      // Two rules can fire an alert with the same labels: Alertmanager treats it as one.
      const all = alertGroups([...new Map((now.alerts ?? []).map((a) => [a.key, a])).values()]);
      none.hidden = all.length > 0;
      put(none, noneText(now.alerts, rules));
      const more = { now, rules: rules ?? [], managers: managers ?? [], clock: clockOf(now) };
      list(groups, all.slice(0, maxShown).map((group, i) => ({ ...more, key: group.key, group, first: i === 0 })), () => groupView(changeView, opened));
      rest.hidden = all.length <= maxShown;
      put(rest, say("more", { n: all.length - maxShown }));
      silences.hidden = managers === null || managers.length > 0;
    },
  };
}

/** noneText tells that no alert is active, and whether there are rules. */
function noneText(/** @type {import("./alerts.js").Alert[] | null} */ alerts, /** @type {import("./alerts.js").Rule[] | null} */ rules) {
  if (!alerts) return say("noAlertsAPI");
  if (!rules) return say("noAlertActive");
  const n = rules.filter((r) => r.type === "alerting").length;
  return n ? say("noAlerts", { n }) : say("noRules");
}

/** @typedef {Omit<import("./alertview.js").Item, "alert">} Shared is common to all alerts of a group */

function groupView(/** @type {import("./now.js").ChangeView} */ changeView, /** @type {(box: HTMLDetailsElement) => void} */ opened) {
  const name = make("bdi", { class: "name" });
  const count = make("span", { class: "count" });
  const [single, others] = [make("ul"), make("ul")];
  const more = make("summary");
  const rest = make("p", { class: "muted" });
  const hidden = make("details", {}, more, others, rest);
  const element = make("li", {}, make("h3", {}, name, " ", count), single, hidden);
  return {
    element,
    update(/** @type {Shared & {group: import("./model.js").AlertGroup}} */ { group, first, ...shared }) {
      const { alerts } = group;
      const items = alerts.slice(0, maxShown).map((alert, i) => ({ ...shared, key: alert.key, alert, first: first && i === 0 }));
      const newView = (/** @type {import("./alertview.js").Item} */ item) => alertView(item, changeView, opened);
      element.className = group.state;
      put(name, shorten(visible(group.name), 200));
      put(count, alerts.length > 1 ? say("times", { n: alerts.length }) : "");
      list(single, items.slice(0, maxVisible), newView);
      list(others, items.slice(maxVisible), newView);
      hidden.hidden = items.length <= maxVisible;
      put(more, say("more", { n: alerts.length - maxVisible }));
      rest.hidden = alerts.length <= maxShown;
      put(rest, say("more", { n: alerts.length - maxShown }));
    },
  };
}

/** pastView shows the resolved alerts of the time range. */
function pastView() {
  const table = facts("pastAlerts", [{ label: "alert" }, { label: "labels" }, { label: "from" }, { label: "to" }, { label: "lasted", number: true }], maxPast);
  const note = make("p", { class: "muted" });
  return {
    element: make("div", { class: "past" }, table.element, note),
    update(/** @type {import("./now.js").Now} */ now) {
      const { step, edges, every } = now;
      const answer = now.query({ expr: firedOver(step, every), from: edges.from, to: edges.to, step });
      if (!answer) return;
      // An alert that began before the end of the range and still fires is not resolved.
      const firing = (now.alerts ?? []).filter((a) => a.state === "firing" && Date.parse(a.activeAt) / 1000 <= edges.to);
      const all = answer.value ? pastOf(answer.value, new Set(firing.map((a) => keyOf(a.labels)))) : [];
      table.update(all.map((p) => pastRow(now, p)));
      put(note, answer.problem ? answer.problem.text() : say(all.length ? "pastExact" : "noPastAlerts", { step: age(step) }));
    },
  };
}

/**
 * pastRow is a resolved alert; its name links to the time range in which it fired.
 * @param {import("./now.js").Now} now
 * @param {import("./alerts.js").Past} p
 */
function pastRow(now, { key, labels, from, to, before, after }) {
  const moment = (/** @type {number} */ at) => time(new Date(at * 1000), new Date());
  const margin = Math.max(300, to - from);
  const cut = before || after ? "≥ " : "";
  return {
    key,
    cells: [
      { text: labels.alertname ?? "", href: addressOf(now.view, { span: within(from - margin, to + margin) }), title: say("showThen") },
      restOf(labels), `${before ? "≤ " : ""}${moment(from)}`, `${after ? "≥ " : ""}${moment(to)}`,
      to - from < now.step ? `< ${age(now.step)}` : `${cut}${age(to - from)}`,
    ],
  };
}
