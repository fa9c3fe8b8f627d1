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
 * textOf is an alert's text in the page's language: rules of tacho have summary_zh and description_zh.
 * @param {Labels} annotations
 * @param {"summary" | "description"} text
 * @param {string} language such as zh-CN
 */
export const textOf = (annotations, text, language) => (language.startsWith("zh") && annotations[`${text}_zh`]) || annotations[text] || "";

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

/** The kind of finding that some of tacho's own alerts are about, and the label of its subject. */
const kinds = /** @type {Record<string, [string, string]>} */ ({ TachoErrorRatioHigh: ["errors", "path"], TachoLatencyHigh: ["latency", "path"], TachoScrapeFailing: ["target", "instance"] });

/**
 * kindOf is the kind of finding that an alert is about, as the verdict names it, and its subject; "" for an
 * alert that is not tacho's own, or lacks the label.
 * @param {Labels} labels
 */
export function kindOf(labels) {
  const [kind, label] = kinds[labels.alertname ?? ""] ?? ["", ""];
  return kind && labels[label] ? { kind, subject: labels[label] } : { kind: "", subject: "" };
}

/**
 * isCritical reports that an alert pages someone.
 * @param {Labels} labels
 */
export const isCritical = (labels) => ["critical", "page"].includes(labels.severity ?? "");

/**
 * sorted are alerts with the firing ones first, then the critical ones, then the oldest.
 * @param {Alert[]} alerts
 */
export function sorted(alerts) {
  const rank = (/** @type {Alert} */ a) => (a.state === "firing" ? 0 : 2) + (isCritical(a.labels) ? 0 : 1);
  return [...alerts].sort((a, b) => rank(a) - rank(b) || begunAt(a) - begunAt(b) || (a.key < b.key ? -1 : 1));
}

/**
 * begunAt is when an alert became active, in seconds since the epoch; NaN if that is not known.
 * @param {Alert} a
 */
export const begunAt = (a) => Date.parse(a.activeAt) / 1000;

/**
 * matches reports that an alert contains all words of a filter. name=value is a label, and stands for no other.
 * @param {Alert} a
 * @param {string} filter
 */
export function matches(a, filter) {
  const labels = Object.entries(a.labels).map(([name, value]) => `${name}=${value}`.toLowerCase());
  const text = [a.state, a.annotations.summary ?? "", a.annotations.summary_zh ?? "", ...labels].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => (/^\w+=./.test(word) ? labels.includes(word) : text.includes(word)));
}

/**
 * choices are the severities and the services of alerts, each with its filter and its count.
 * @param {Alert[]} alerts
 */
export function choices(alerts) {
  /** @type {Map<string, {filter: string, text: string, n: number}>} */
  const found = new Map();
  for (const label of ["severity", "job"]) {
    for (const { labels } of alerts) {
      const [text, filter] = [labels[label] ?? "", `${label}=${labels[label]}`];
      // A filter is words: a name with a space in it would be two.
      if (!text || /\s/.test(text)) continue;
      found.set(filter, { filter, text, n: (found.get(filter)?.n ?? 0) + 1 });
    }
  }
  return [...found.values()];
}

/**
 * perRule shows at most a number of alerts of one rule, so that one rule does not hide the others.
 * @param {Alert[]} alerts
 * @param {number} most
 */
export function perRule(alerts, most) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  const shown = alerts.filter(({ labels: { alertname = "" } }) => {
    seen.set(alertname, (seen.get(alertname) ?? 0) + 1);
    return (seen.get(alertname) ?? 0) <= most;
  });
  return { shown, rest: [...seen].filter(([, n]) => n > most).map(([name, n]) => ({ name, n: n - most })) };
}

/**
 * byJob counts alerts by service, the most first.
 * @param {Alert[]} alerts
 */
export function byJob(alerts) {
  /** @type {Map<string, {job: string, n: number, since: number}>} */
  const found = new Map();
  for (const a of alerts) {
    const job = a.labels.job ?? "";
    const { n, since } = found.get(job) ?? { n: 0, since: Infinity };
    found.set(job, { job, n: n + 1, since: Math.min(since, begunAt(a) || Infinity) });
  }
  return [...found.values()].sort((a, b) => b.n - a.n || a.since - b.since || (a.job < b.job ? -1 : 1));
}

/** Seconds after a deployment in which what begins is said to come after it: as the verdict does. */
const near = 600;

/**
 * versionBefore is the version that was deployed before all alerts of a service began, "" if there was none.
 * @param {Alert[]} alerts of the service
 * @param {{after?: {kind: string, at: string, version?: string}}[]} findings of the service
 */
export function versionBefore(alerts, findings) {
  const after = findings.find((f) => f.after?.kind === "deployment" && f.after.version)?.after;
  const at = after ? Date.parse(after.at) / 1000 : NaN;
  const all = alerts.length > 0 && alerts.every((a) => begunAt(a) >= at && begunAt(a) <= at + near);
  return all ? after?.version ?? "" : "";
}

/**
 * A Strip is when a rule's alerts fired, point by point: critical, warning or "". times counts the periods.
 * @typedef {{name: string, times: number, points: string[]}} Strip
 */

/**
 * stripsOf are the strips of all rules that fired, the most frequent first.
 * @param {import("./api.js").Range} answer of firedOver
 * @returns {Strip[]}
 */
export function stripsOf({ count, series }) {
  /** @type {Map<string, Strip>} */
  const found = new Map();
  for (const { metric, values } of series) {
    const name = metric.alertname ?? "";
    const strip = found.get(name) ?? { name, times: 0, points: Array.from({ length: count }, () => "") };
    found.set(name, strip);
    for (let i = 0; i < count; i++) {
      if (!isThere(values[i])) continue;
      if (!isThere(values[i - 1])) strip.times++;
      if (strip.points[i] !== "critical") strip.points[i] = isCritical(metric) ? "critical" : "warning";
    }
  }
  return [...found.values()].sort((a, b) => b.times - a.times || (a.name < b.name ? -1 : 1));
}

/**
 * firingFrom is when an alert that fires at the end of a range began to fire, in seconds since the epoch; NaN
 * if it fired from the range's beginning, or does not fire.
 * @param {import("./api.js").Range} answer of firedOver
 * @param {Labels} labels
 */
export function firingFrom({ start, step, series }, labels) {
  const key = keyOf(labels);
  const found = series.find(({ metric }) => keyOf(Object.fromEntries(Object.entries(metric).filter(([name]) => name !== "__name__" && name !== "alertstate"))) === key);
  const gap = found ? found.values.findLastIndex((v) => !isThere(v)) : -1;
  return found && gap >= 0 && gap < found.values.length - 1 ? start + (gap + 1) * step : NaN;
}
