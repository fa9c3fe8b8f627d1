// The screen of alerts: a sentence on what fires, then one of three parts: the active alerts, when each rule
// fired, and the rules.

import { byJob, choices, firedOver, isCritical, matches, perRule, rulesOf, sorted, versionBefore } from "./alerts.js";
import { alertRow, detailRow } from "./alertview.js";
import { attribute, list, make, put } from "./dom.js";
import { filterField } from "./field.js";
import { count, shorten, visible } from "./format.js";
import { icon, stateIcon } from "./icons.js";
import { lacking, lacks } from "./lacks.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { pastView } from "./pastview.js";
import { rulesView } from "./rulesview.js";
import { titleRow } from "./titlerow.js";
import { clockAt } from "./verdict.js";
import { addressOf } from "./view.js";

learn(laterMessages);

/** Alerts that are shown, and of one rule as long as there is no filter; the rest is counted. */
const [maxShown, maxOfRule] = [100, 5];

/** Services that the sentence names, and choices of the filter. */
const [maxNamed, maxChoices] = [3, 8];

/** Alerts open at a time: one more closes the one opened first. */
const maxOpen = 4;

/** Seconds between two fetches of the rules and Alertmanagers. */
const listInterval = 30;

/** @param {import("./now.js").ChangeView} changeView */
export function alertsScreen(changeView) {
  const title = titleRow();
  const verdict = sentenceView();
  const hint = make("p", { class: "hint" }, icon("bell"), make("span", {}, say("noAlertmanager")));
  const active = activeView(changeView);
  const past = pastView();
  const rules = rulesView();
  const below = make("div", { class: "grid two" }, past.strips, rules.short);
  const element = make("section", { id: "alerts-screen", class: "late" }, title.element, verdict.element, hint, rules.broken, active.element, below, past.element, rules.element);
  // Old lists stay until newer ones arrive.
  /** @type {{rules: import("./alerts.js").Rule[] | null, managers: string[] | null}} */
  const known = { rules: null, managers: null };
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      const { view } = now;
      const part = ["history", "rules"].includes(view.part) ? view.part : "";
      const at = Math.floor(now.at / listInterval) * listInterval;
      const [alerting, recording, managers] = ["rules", "recording", "alertmanagers"].map((name) => (lacks(now, "rules") ? undefined : now.query({ list: name, at })));
      if (alerting?.value && recording) known.rules = rulesOf([...alerting.value, ...(recording.value ?? [])]);
      if (managers?.value) known.managers = managers.value.map((/** @type {{url?: string}} */ m) => String(m.url ?? ""));
      const answer = now.query({ expr: firedOver(now.step, now.every), from: now.edges.from, to: now.edges.to, step: now.step });
      // Two rules can fire an alert with the same labels: Alertmanager treats it as one.
      const all = sorted([...new Map((now.alerts ?? []).map((a) => [a.key, a])).values()]);
      showTitle(title, now, all, known.rules, part);
      verdict.update(now, all, known.rules);
      hint.hidden = known.managers === null || known.managers.length > 0;
      active.update({ now, all, rules: known.rules ?? [], managers: known.managers ?? [], clock: clockOf(now), fired: answer?.value ?? null });
      rules.update(known.rules, all);
      past.update(now, answer);
      show([active.element, part === ""], [below, part !== "rules"], [rules.short, part === "" && known.rules !== null], [past.element, part === "history"], [rules.element, part === "rules"]);
    },
  };
}

/** @param {...[HTMLElement, boolean]} parts */
const show = (...parts) => parts.forEach(([element, shown]) => { element.hidden = !shown; });

/** clockOf is the current time: the API's if the page is live. */
const clockOf = (/** @type {import("./now.js").Now} */ now) => ("last" in now.view.span ? now.at : Date.now() / 1000);

const isFiring = (/** @type {import("./alerts.js").Alert} */ a) => a.state === "firing";
const watching = (/** @type {import("./alerts.js").Rule[] | null} */ rules) => (rules ?? []).filter((r) => r.type === "alerting");

/** toneOf is how the alerts that fire color the screen. */
const toneOf = (/** @type {import("./alerts.js").Alert[]} */ firing) => (firing.some((a) => isCritical(a.labels)) ? "bad" : firing.length > 0 ? "warn" : "plain");

/** stateOf is the state whose shape the screen has; "" if nothing fires. */
const stateOf = (/** @type {string} */ tone) => (tone === "bad" ? "errors" : tone === "warn" ? "slow" : "");

function showTitle(/** @type {ReturnType<typeof titleRow>} */ title, /** @type {import("./now.js").Now} */ { view }, /** @type {import("./alerts.js").Alert[]} */ all, /** @type {import("./alerts.js").Rule[] | null} */ rules, /** @type {string} */ part) {
  const firing = all.filter(isFiring);
  const n = watching(rules).length;
  const failing = (rules ?? []).filter((r) => r.health === "err").length;
  const tab = (/** @type {string} */ key, /** @type {string} */ text, number = 0) => ({ key, text: say(text), href: addressOf(view, { part: key }), current: part === key, count: number });
  title.update({
    name: say("alerts"), state: stateOf(toneOf(firing)), stateWords: say("nFiring", { n: firing.length }),
    facts: [all.length > firing.length ? say("nPending", { n: all.length - firing.length }) : "", n ? say(failing ? "rulesFailing" : "rulesEvaluating", { n, failing }) : ""],
    tabs: [tab("", "tabActive"), tab("history", "tabHistory"), tab("rules", "alertRules", n)],
  });
}

/** sentenceView says for which services alerts fire, and since when. */
function sentenceView() {
  const state = stateIcon();
  const [sentence, quiet] = [make("span"), make("span", { class: "quiet" })];
  const element = make("section", { class: "verdict plain", "aria-label": say("verdict") }, make("div", { class: "say" }, state.element, make("p", { class: "sentence", role: "status" }, sentence, quiet)));
  return {
    element,
    update(/** @type {import("./now.js").Now} */ now, /** @type {import("./alerts.js").Alert[]} */ all, /** @type {import("./alerts.js").Rule[] | null} */ rules) {
      const firing = all.filter(isFiring);
      const tone = toneOf(firing);
      state.update(stateOf(tone) || (all.length > 0 ? "pending" : now.alerts && !lacks(now, "rules") ? "healthy" : "idle"));
      attribute(element, "class", `verdict ${tone} plain`);
      put(sentence, firing.length ? firingText(firing) : all.length ? say("onlyPending", { n: all.length }) : lacking(now, "rules") || noneText(now.alerts, rules));
      put(quiet, quietText(now, firing));
    },
  };
}

/** firingText counts what fires by service. */
function firingText(/** @type {import("./alerts.js").Alert[]} */ firing) {
  const all = byJob(firing);
  const clauses = all.slice(0, maxNamed).map(({ job, n, since }, i) => {
    const name = `firesFor${job ? "" : "Nobody"}_${i > 0 ? "next" : n === 1 ? "one" : "many"}`;
    return say(name, { n, job: shorten(visible(job), 60) }) + (Number.isFinite(since) ? say("sinceShort", { time: clockAt(since) }) : "");
  });
  return clauses.join(say("listComma")) + (all.length > maxNamed ? say("andOthers", { n: all.length - maxNamed }) : "") + say("fullStop");
}

/** quietText says after which version all alerts of the first service began. */
function quietText(/** @type {import("./now.js").Now} */ { services }, /** @type {import("./alerts.js").Alert[]} */ firing) {
  const [first] = byJob(firing);
  if (!first) return "";
  const version = versionBefore(firing.filter((a) => (a.labels.job ?? "") === first.job), services.filter((s) => s.job === first.job).flatMap((s) => s.judged?.findings ?? []));
  return version ? say(first.n === 1 ? "beganAfterOne" : "beganAfter", { n: first.n, job: shorten(visible(first.job), 60), version: visible(version) }) : "";
}

/** noneText tells that no alert is active, and whether there are rules. */
function noneText(/** @type {import("./alerts.js").Alert[] | null} */ alerts, /** @type {import("./alerts.js").Rule[] | null} */ rules) {
  if (!alerts) return say("noAlertsAPI");
  if (!rules) return say("noAlertActive");
  const n = watching(rules).length;
  return n ? say("noAlerts", { n }) : say("noRules");
}

/** The columns: a message, and the class. */
const heads = [["alertWorst", ""], ["service", "hide-s"], ["valueColumn", "n"], ["limitColumn", "n hide-s"], ["overSpan", "hide-m"], ["activeSince", ""], ["rule", "hide-m"]];

/** @typedef {Omit<import("./alertview.js").Item, "key" | "alert" | "opened"> & {all: import("./alerts.js").Alert[]}} Shared is common to all alerts */

/** activeView is the table of active alerts; some of them are open. */
function activeView(/** @type {import("./now.js").ChangeView} */ changeView) {
  const filter = filterField("alert-filter", "filterAlerts", changeView);
  const chips = make("div", { class: "filters", role: "group", "aria-label": say("show") });
  const body = make("tbody");
  const head = make("tr", {}, ...heads.map(([label, kind]) => make("th", { scope: "col", ...(kind ? { class: kind } : {}) }, say(label))));
  const rest = make("p", { class: "foot" });
  const card = make("div", { class: "card scroll" }, make("table", { class: "stackrows alerts" }, make("thead", {}, head), body), rest);
  const tools = make("div", { class: "tools" }, chips, make("div", { class: "end" }, filter.element));
  /** @type {string[] | null} */
  let open = null;
  /** @type {Shared | null} */
  let last = null;
  const toggle = (/** @type {string} */ key) => {
    open = open?.includes(key) ? open.filter((k) => k !== key) : [...(open ?? []), key].slice(-maxOpen);
    if (last) last.now.refresh();
  };
  return {
    element: make("div", {}, tools, card),
    update(/** @type {Shared} */ shared) {
      last = shared;
      const { all, now } = shared;
      const { view } = now;
      const found = all.filter((a) => matches(a, view.filter));
      const { shown, rest: more } = view.filter ? { shown: found, rest: [] } : perRule(found, maxOfRule);
      // The first is open until the reader chooses.
      if (!open && shown[0]) open = [shown[0].key];
      filter.update(view);
      tools.hidden = card.hidden = all.length === 0;
      list(chips, [{ filter: "", text: say("onlyAll"), n: all.length }, ...choices(all).slice(0, maxChoices)].map((c) => ({ key: c.filter, ...c, pressed: view.filter === c.filter })), () => chipView(changeView));
      /** @type {any[]} */
      const rows = shown.slice(0, maxShown).flatMap((alert) => {
        const item = { ...shared, key: alert.key, alert, opened: open?.includes(alert.key) ?? false };
        return item.opened ? [item, { ...item, key: `detail ${alert.key}` }] : [item];
      });
      const others = more.map((m) => ({ key: `more ${m.name}`, more: m }));
      list(body, [...rows, ...others], (item) => ("more" in item ? moreRow(changeView) : item.key === item.alert.key ? alertRow(toggle) : detailRow(changeView)));
      rest.hidden = shown.length > 0 && shown.length <= maxShown;
      put(rest, shown.length === 0 ? say("noAlertMatches") : say("more", { n: shown.length - maxShown }));
    },
  };
}

/** chipView shows the alerts of a severity or a service. */
function chipView(/** @type {import("./now.js").ChangeView} */ changeView) {
  const [text, number] = [make("bdi"), make("b")];
  const element = make("button", { type: "button", class: "chip" }, text, " ", number);
  let filter = "";
  element.addEventListener("click", () => changeView((view) => ({ ...view, filter })));
  return {
    element,
    update(/** @type {{filter: string, text: string, n: number, pressed: boolean}} */ chip) {
      filter = chip.filter;
      put(text, shorten(visible(chip.text), 40));
      put(number, count(chip.n));
      attribute(element, "aria-pressed", String(chip.pressed));
    },
  };
}

/** moreRow shows the other alerts of a rule. */
function moreRow(/** @type {import("./now.js").ChangeView} */ changeView) {
  const button = make("button", { type: "button", class: "link" });
  let filter = "";
  button.addEventListener("click", () => changeView((view) => ({ ...view, filter })));
  return {
    element: make("tr", { class: "others" }, make("td", { class: "wide", colspan: "7" }, button)),
    update(/** @type {any} */ { more: { name, n } }) {
      filter = `alertname=${name}`;
      put(button, say("moreOf", { n, name: shorten(visible(name), 80) }));
    },
  };
}

