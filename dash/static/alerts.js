// What the API says about alerts and rules, as the page tells it. Pure.

import { unitOf } from "./explore.js";
import { quote } from "./queries.js";

/**
 * @typedef {Record<string, string>} Labels
 * @typedef {import("./api.js").ListedRule & {group: string}} Rule
 *
 * An Alert is an active one, as activeAlerts returns it.
 * @typedef {import("./api.js").ListedAlert & {key: string, labels: Labels, annotations: Labels}} Alert
 */

/**
 * keyOf is equal for equal labels, in whatever order they come.
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
 * ruleOf is the rule that an alert is of, or undefined: the one that lists it, else one
 * of its name whose labels it has, else one of its name.
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
 * agrees reports that a series is what an alert is about: they have the same labels, but
 * for those that the rule adds.
 * @param {Labels} metric
 * @param {Labels} labels of the alert
 * @param {Labels} added by the rule
 */
export function agrees(metric, labels, added) {
  const names = new Set([...Object.keys(metric), ...Object.keys(labels)]);
  return [...names].every((name) => name === "__name__" || name === "alertname" || name in added || (metric[name] ?? "") === (labels[name] ?? ""));
}

/** How a template writes the value of an alert, and the unit that this means. */
const writers = /** @type {[RegExp, string][]} */ ([
  [/\$value\s*\|\s*humanizePercentage/, "ratio"], [/\$value\s*\|\s*humanizeDuration/, "latency"], [/\$value\s*\|\s*humanize1024/, "bytes"],
]);

/**
 * unitOfRule is the unit of what a rule compares: as its texts write it, else as its
 * query suggests.
 * @param {Rule} rule
 * @param {string} expr
 */
export function unitOfRule(rule, expr) {
  const texts = Object.values(rule?.annotations ?? {}).join("\n");
  return writers.find(([pattern]) => pattern.test(texts))?.[1] ?? unitOf(expr);
}

/**
 * firedOver asks which alerts fired over a span. Between two points that are far apart
 * none is missed.
 * @param {number} step
 * @param {number} every seconds between two evaluations
 */
export const firedOver = (step, every) => (step > every ? `max_over_time(ALERTS{alertstate="firing"}[${step}s])` : 'ALERTS{alertstate="firing"}');

/**
 * A Past is a time in which an alert fired. It may have begun before the span, and gone
 * on after it.
 * @typedef {{key: string, labels: Labels, from: number, to: number, before: boolean, after: boolean}} Past
 */

/**
 * pastOf are the times in which alerts fired and that are over, the newest first.
 * @param {import("./api.js").Range} answer of firedOver
 * @param {Set<string>} firing the keys of those that fire at the end of the span, and so are not over
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
 * silenceLink is Alertmanager's page for a new silence of an alert, "" if its address is
 * none that a browser can go to.
 * @param {string} url to which alerts are sent
 * @param {Labels} labels
 */
export function silenceLink(url, labels) {
  const [, base] = /^(https?:\/\/.+?)\/api\/v[12]\/alerts$/.exec(url) ?? [];
  if (!base) return "";
  const matchers = Object.entries(labels).map(([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : quote(name)}=${quote(value)}`);
  return `${base}/#/silences/new?filter=${encodeURIComponent(`{${matchers.join(",")}}`)}`;
}

/**
 * hostOf is the part of an address that tells it from others.
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
 * restOf are the labels of an alert that tell it from its siblings.
 * @param {Labels} labels
 */
export const restOf = (labels) => Object.entries(labels).filter(([name]) => name !== "alertname").map(([name, value]) => `${name}: ${value}`).join(", ");

/**
 * pageOf is where the text of a runbook can be read by this page: at its own origin, and
 * written as text. tacho's own pages are also beside this one, under whatever address
 * a reader has come. "" if it cannot. Nothing but a text's name is asked for: an annotation
 * must not make a browser ask for anything else.
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
