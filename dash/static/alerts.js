// Alerts and rules of the API, as the page shows them. Pure.

import { unitOf } from "./explore.js";
import { quote } from "./queries.js";

/**
 * @typedef {Record<string, string>} Labels
 * @typedef {import("./api.js").ListedRule & {group: string}} Rule
 *
 * An Alert is an active alert, as activeAlerts returns it.
 * @typedef {import("./api.js").ListedAlert & {key: string, labels: Labels, annotations: Labels}} Alert
 */

/**
 * keyOf is equal for equal labels in any order.
 * @param {Labels} labels
 */
export const keyOf = (labels) => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * rulesOf are the rules of all groups, each with its group's name.
 * @param {import("./api.js").ListedGroup[]} groups
 * @returns {Rule[]}
 */
export const rulesOf = (groups) => groups.flatMap((g) => (g.rules ?? []).map((r) => ({ ...r, group: g.name ?? "" })));

/**
 * ruleOf is the rule of an alert, or undefined: the one that lists it, else one with its
 * name whose labels it has, else one with its name.
 * @param {Rule[]} rules
 * @param {Labels} labels
 */
export function ruleOf(rules, labels) {
  const named = rules.filter((r) => r.name === labels.alertname);
  const key = keyOf(labels);
  const has = (/** @type {Labels} */ own) => Object.entries(own).every(([name, value]) => labels[name] === value || value.includes("{{"));
  return named.find((r) => (r.alerts ?? []).some((a) => keyOf(a.labels ?? {}) === key)) ?? named.find((r) => has(r.labels ?? {})) ?? named[0];
}

/**
 * agrees reports that a series belongs to an alert: their labels are equal, except those
 * that the rule adds.
 * @param {Labels} metric
 * @param {Labels} labels of the alert
 * @param {Labels} added by the rule
 */
export function agrees(metric, labels, added) {
  const names = new Set([...Object.keys(metric), ...Object.keys(labels)]);
  return [...names].every((name) => name === "__name__" || name === "alertname" || name in added || (metric[name] ?? "") === (labels[name] ?? ""));
}

/** Template functions of an alert's value, and their units. */
const writers = /** @type {[RegExp, string][]} */ ([
  [/\$value\s*\|\s*humanizePercentage/, "ratio"], [/\$value\s*\|\s*humanizeDuration/, "latency"], [/\$value\s*\|\s*humanize1024/, "bytes"],
]);

/**
 * unitOfRule is the unit of a rule's value: from its annotations, else from its query.
 * @param {Rule} rule
 * @param {string} expr
 */
export function unitOfRule(rule, expr) {
  const texts = Object.values(rule?.annotations ?? {}).join("\n");
  return writers.find(([pattern]) => pattern.test(texts))?.[1] ?? unitOf(expr);
}

/**
 * firedOver is the query for the alerts that fired in a time range. It also finds those
 * between two points.
 * @param {number} step
 * @param {number} every seconds between two evaluations
 */
export const firedOver = (step, every) => (step > every ? `max_over_time(ALERTS{alertstate="firing"}[${step}s])` : 'ALERTS{alertstate="firing"}');

/**
 * A Past is a period in which an alert fired. It can begin before the time range and end
 * after it.
 * @typedef {{key: string, labels: Labels, from: number, to: number, before: boolean, after: boolean}} Past
 */

/**
 * pastOf are the periods of resolved alerts, the newest first.
 * @param {import("./api.js").Range} answer of firedOver
 * @param {Set<string>} firing keys of alerts that fire at the end of the range, which are not resolved
 * @returns {Past[]}
 */
export function pastOf({ start, step, count, series }, firing) {
  /** @type {Past[]} */
  const found = [];
  for (const { metric, values } of series) {
    const labels = Object.fromEntries(Object.entries(metric).filter(([name]) => name !== "__name__" && name !== "alertstate"));
    const key = keyOf(labels);
    for (let i = values.findIndex(isThere); i >= 0 && i < count; i++) {
      if (!isThere(values[i])) continue;
      const begin = i;
      while (isThere(values[i + 1])) i++;
      const after = i === count - 1;
      if (after && firing.has(key)) break;
      found.push({ key: `${key} ${start + begin * step}`, labels, from: start + begin * step, to: start + i * step, before: begin === 0, after });
    }
  }
  return found.sort((a, b) => b.to - a.to || b.from - a.from || (a.key < b.key ? -1 : 1));
}

const isThere = (/** @type {number | null | undefined} */ v) => v !== null && v !== undefined;

/**
 * silenceLink is Alertmanager's page for a new silence of an alert, "" if url is not an
 * HTTP address of Alertmanager.
 * @param {string} url where alerts are sent
 * @param {Labels} labels
 */
export function silenceLink(url, labels) {
  const [, base] = /^(https?:\/\/.+?)\/api\/v[12]\/alerts$/.exec(url) ?? [];
  if (!base) return "";
  const matchers = Object.entries(labels).map(([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : quote(name)}=${quote(value)}`);
  return `${base}/#/silences/new?filter=${encodeURIComponent(`{${matchers.join(",")}}`)}`;
}

/**
 * hostOf is the host of an address.
 * @param {string} url
 */
export function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}

/**
 * restOf are the labels of an alert except its name.
 * @param {Labels} labels
 */
export const restOf = (labels) => Object.entries(labels).filter(([name]) => name !== "alertname").map(([name, value]) => `${name}: ${value}`).join(", ");

/**
 * pageOf is the address from which this page can read a runbook, "" if it cannot: a text
 * file of the same origin. tacho's own runbooks are also served beside this page, at any
 * address. Only names of text files are requested: an annotation must not make a browser
 * request anything else.
 * @param {string} href absolute
 * @param {string} alertname
 * @param {string} base the page's address
 */
export function pageOf(href, alertname, base) {
  const { origin, pathname } = new URL(href);
  if (origin === new URL(base).origin) return /\.(md|markdown|txt)$/i.test(pathname) ? href : "";
  const ours = /^Tacho\w+$/.test(alertname) && pathname.endsWith(`/alerts/${alertname}.md`);
  return ours ? new URL(`alerts/${alertname}.md`, base).href : "";
}
