// The lists above the services: alerts, and targets that cannot be scraped.

import { attribute, byId, list, make, put } from "./dom.js";
import { age, safeLink, shorten, time, visible } from "./format.js";
import { inLanguage, say } from "./messages.js";
import { alertGroups } from "./model.js";

/** Entries shown of each list; the rest is counted. */
const most = 20;

/** Characters of an error or a description that are shown. */
const longest = 600;

/**
 * showList fills one of the sections, and hides it when it is empty.
 * @template {{key: string}} T
 * @param {string} section
 * @param {string} id of the list
 * @param {string} rest of the line that counts the others
 * @param {T[]} items
 * @param {() => {element: HTMLElement, update: (item: T) => void}} newView
 */
function showList(section, id, rest, items, newView) {
  byId(section).hidden = items.length === 0;
  list(byId(id), items.slice(0, most), newView);
  byId(rest).hidden = items.length <= most;
  put(byId(rest), say("more", { n: items.length - most }));
}

/** @param {import("./alerts.js").Alert[]} alerts */
export function showAlerts(alerts) {
  showList("alerts", "alert-list", "alerts-more", alertGroups(alerts), groupView);
}

/** @typedef {ReturnType<typeof import("./model.js").downTargets>[number]} Down */

/**
 * The explanations of errors, loaded when there is an error.
 * @type {typeof import("./scrapeerror.js").explain | null}
 */
let explain = null;
/**
 * The list, and where the user named the targets.
 * @type {[Down[], string]}
 */
let shown = [[], ""];

/**
 * @param {Down[]} targets
 * @param {string} setting
 */
export function showDown(targets, setting) {
  shown = [targets, setting];
  showList("down", "down-list", "down-more", targets.map((t) => ({ ...t, setting })), downView);
  if (targets.length > 0 && !explain) void fetchExplain();
}

/** fetchExplain adds the explanations. Without them the errors are shown as they are. */
async function fetchExplain() {
  try {
    ({ explain } = await import("./later.js"));
    showDown(...shown);
  } catch {
    explain = null;
  }
}

/**
 * groupView shows all alerts of a name in one line, so that the services below stay
 * visible. A click, or Enter on the line, opens an alert.
 */
function groupView() {
  const state = make("strong", { class: "state" });
  const name = make("bdi", { class: "name" });
  const count = make("span", { class: "count" });
  const first = make("span", { class: "first", dir: "auto" });
  const single = make("ul");
  const rest = make("p", { class: "muted" });
  const element = make("li", {}, make("details", {}, make("summary", {}, state, " ", name, " ", count, " ", first), single, rest));
  return {
    element,
    update(/** @type {import("./model.js").AlertGroup} */ group) {
      const { alerts } = group;
      element.className = group.state;
      put(state, stateText(alerts));
      put(name, clean(group.name));
      put(count, alerts.length > 1 ? say("times", { n: alerts.length }) : "");
      const { summary } = alerts[0].annotations;
      put(first, summary ? `– ${clean(summary)}` : "");
      list(single, alerts.slice(0, most), alertView);
      rest.hidden = alerts.length <= most;
      put(rest, say("more", { n: alerts.length - most }));
    },
  };
}

/** stateText is the state of all, or how many are in which. */
function stateText(/** @type {import("./alerts.js").Alert[]} */ alerts) {
  const firing = alerts.filter((a) => a.state === "firing").length;
  const same = firing === 0 || firing === alerts.length;
  return same ? say(alerts[0].state) : say("someFiring", { firing, pending: alerts.length - firing });
}

/** Which labels of an alert are said. */
const told = ["severity", "job", "instance", "method", "path"];

function alertView() {
  const state = make("strong", { class: "state" });
  const since = make("span", { class: "muted" });
  const labels = make("bdi", { class: "muted" });
  const link = make("a", { rel: "noreferrer" }, say("runbook"));
  const text = make("p", { dir: "auto" });
  const element = make("li", {}, make("p", {}, state, " ", since, " ", labels, " ", link), text);
  return {
    element,
    update(/** @type {import("./alerts.js").Alert} */ alert) {
      const { summary, description, runbook_url } = alert.annotations;
      element.className = alert.state;
      put(state, say(alert.state));
      put(since, sinceText(new Date(alert.activeAt)));
      put(labels, clean(told.filter((l) => alert.labels[l]).map((l) => `${l}: ${alert.labels[l]}`).join(", ")));
      put(text, clean([summary, description].filter(Boolean).join(" – ")));
      const href = safeLink(runbook_url, document.baseURI);
      link.hidden = !href;
      attribute(link, "href", href);
    },
  };
}

function sinceText(/** @type {Date} */ begin) {
  const now = new Date();
  return say("since", { time: time(begin, now), age: age((now.getTime() - begin.getTime()) / 1000) });
}

function downView() {
  const name = make("bdi", { class: "name" });
  const url = make("bdi", { class: "muted" });
  const meaning = make("p", { dir: "auto" });
  const error = make("p", { class: "muted", dir: "auto" });
  const element = make("li", { class: "firing" }, make("p", {}, name, " ", url), meaning, error);
  return {
    element,
    update(/** @type {Down & {setting: string}} */ target) {
      put(name, clean(`${target.job} ${target.instance}`));
      put(url, clean(target.url));
      const text = explain && target.error ? inLanguage(explain(target.error, target, target.setting).texts) : "";
      meaning.hidden = !text;
      put(meaning, shorten(visible(text), 900));
      put(error, clean(target.error) || say("noError"));
    },
  };
}

const clean = (/** @type {string} */ text) => shorten(visible(text), longest);
