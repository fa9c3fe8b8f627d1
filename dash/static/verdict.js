// The server's verdict: which services are not healthy, what is wrong, since when, where and after what.
// Pure. Without a verdict (another API), the page's own states stand.

import { age, latency, rate, ratio, time, visible } from "./format.js";
import { say } from "./messages.js";
import { learnLimits } from "./model.js";
import { within } from "./range.js";

/**
 * What the server says, as package verdict writes it. Times are texts of RFC 3339.
 * @typedef {{kind: string, at: string, version?: string, instance?: string}} Event
 * @typedef {{instances: number, on?: string[], unclear?: boolean, only?: string}} Where on which instances
 * @typedef {object} Finding
 * @property {string} kind errors, latency, target, pool or alert
 * @property {string} job
 * @property {string} [method]
 * @property {string} [path]
 * @property {string} [instance]
 * @property {string} [pool]
 * @property {string} [alert]
 * @property {number} now
 * @property {number} worst
 * @property {number} [before]
 * @property {number} limit
 * @property {string} since
 * @property {boolean} [atLeast]
 * @property {string} [until]
 * @property {Where} [where]
 * @property {Event} [after]
 *
 * @typedef {{errorRatio: number, latency: number}} Limits in seconds
 * @typedef {{job: string, state: string, limits?: Limits, routes?: {path: string, limits?: Limits}[], findings: Finding[] | null, firing?: string[], over?: Finding[]}} Judged
 * @typedef {{lacks?: string[], behind?: number}} Source what an engine lacks, and how many seconds its newest samples are hidden
 * @typedef {{at: string, services: Judged[] | null, source?: Source}} Verdict
 */

/** The page's names of the states of a verdict. */
const states = /** @type {Record<string, string>} */ ({ failing: "errors", down: "down", slow: "slow", warning: "warning", healthy: "healthy", idle: "idle" });

/**
 * routeKey is the key of the route that a finding is about, as a Route has it.
 * @param {{method?: string, path?: string}} f
 */
export const routeKey = ({ method = "", path = "" }) => JSON.stringify([method, path]);

/**
 * isOn reports that a finding is on a route; without a route all are.
 * @param {import("./model.js").Route | undefined} route
 */
export const isOn = (route) => (/** @type {Finding} */ f) => !route || (f.path !== undefined && routeKey(f) === route.key);

/**
 * byRoute puts the findings of a route together, in the order of the first of each; others stand alone.
 * @param {Finding[]} findings
 */
export function byRoute(findings) {
  /** @type {Map<string, Finding[]>} */
  const found = new Map();
  for (const f of findings) {
    const key = f.path === undefined ? JSON.stringify(f) : routeKey(f);
    found.set(key, [...(found.get(key) ?? []), f]);
  }
  return [...found.values()];
}

/** The state that a finding gives to what it is about. */
export const stateOfKind = (/** @type {string} */ kind) => (/** @type {Record<string, string>} */ ({ errors: "errors", latency: "slow", target: "down" }))[kind] ?? "warning";

/** secondsAt are the seconds since the epoch of a time; 0 if there is none. */
export const secondsAt = (/** @type {string | undefined} */ text) => (text ? Date.parse(text) / 1000 || 0 : 0);

/**
 * judge writes a verdict's states into the services, so that what the page shows is what alerts and
 * tacho why say.
 * @param {import("./model.js").Service[]} services
 * @param {Verdict | null} verdict
 */
export function judge(services, verdict) {
  for (const found of verdict?.services ?? []) {
    if (found.limits) learnLimits(found.job, "", found.limits);
    for (const r of found.routes ?? []) if (r.limits) learnLimits(found.job, r.path, r.limits);
    for (const s of services.filter((s) => s.job === found.job && s.routes.length > 0)) {
      s.state = states[found.state] ?? s.state;
      s.judged = found;
      const worst = new Map();
      for (const f of found.findings ?? []) {
        if (f.path !== undefined && !worst.has(routeKey(f))) worst.set(routeKey(f), stateOfKind(f.kind));
      }
      for (const r of s.routes) r.state = worst.get(r.key) ?? (r.rate > 0 ? "healthy" : "idle");
    }
  }
}

/**
 * guess writes findings into the services that no verdict speaks of, from what the page itself sees: so a
 * foreign API and an earlier range have a sentence, too, though without since when and after what.
 * @param {import("./model.js").Service[]} services
 * @param {import("./alerts.js").Alert[]} alerts those that are active
 * @param {{job: string, instance: string}[]} down targets
 */
export function guess(services, alerts, down) {
  for (const s of services.filter((s) => !s.judged)) {
    const firing = alerts.filter((a) => a.state === "firing" && (a.labels.job ?? s.job) === s.job).map((a) => a.labels.alertname ?? "");
    const of = (/** @type {string} */ kind, /** @type {"errorRatio" | "p95"} */ id) => s.routes.filter((r) => r.state === stateOfKind(kind)).sort((a, b) => b[id] - a[id])
      .map((r) => ({ kind, job: s.job, method: r.method, path: r.path, now: r[id], worst: r[id], limit: NaN, since: "" }));
    const targets = down.filter((t) => t.job === s.job).map((t) => ({ kind: "target", job: s.job, instance: t.instance, now: 1, worst: 1, limit: 1, since: "" }));
    s.judged = { job: s.job, state: s.state, findings: [...of("errors", "errorRatio"), ...targets, ...of("latency", "p95")], firing };
    if (s.state === "healthy" && firing.length > 0) s.state = "warning";
  }
}

/**
 * subjectOf is what a finding is about.
 * @param {Finding} f
 */
export const subjectOf = (f) => (f.alert && f.path !== undefined ? say("alertOn", { alert: visible(f.alert), route: routeText(f) }) : routeText(f));

const routeText = (/** @type {Finding} */ f) => visible(f.path !== undefined ? `${f.method ?? ""} ${f.path}`.trim() : f.pool ?? f.instance ?? f.alert ?? "");

/** How the value of a finding is written. */
const written = /** @type {Record<string, (n: number) => string>} */ ({ errors: ratio, latency, pool: rate });

/** valueOf is the value of a finding; that of a target or an alert says nothing. */
export const valueOf = (/** @type {string} */ kind, /** @type {number | undefined} */ n) => (n === undefined || !written[kind] ? "" : written[kind](n));

/**
 * claim is what is wrong with a subject, in the present or, if it is over, in the past.
 * @param {Finding} f
 */
export function claim(f) {
  const over = Boolean(f.until);
  return say(`claim_${f.kind in written || f.kind === "target" ? f.kind : "alert"}${over ? "_over" : ""}`, { value: valueOf(f.kind, over ? f.worst : f.now) });
}

/** clockAt is the time of day of an event; with the day if it was another. */
export const clockAt = (/** @type {number} */ at) => time(new Date(at * 1000), new Date());

/**
 * sinceText is since when, and with an end until when.
 * @param {Finding} f
 */
export function sinceText(f) {
  if (!f.since) return "";
  const since = clockAt(secondsAt(f.since));
  if (f.until) return say("lasted_", { from: since, to: clockAt(secondsAt(f.until)) });
  return say(f.atLeast ? "sinceBefore" : "sinceAt", { time: since });
}

/**
 * afterText is the event before a finding, with its distance; "" if there was none near.
 * @param {Finding} f
 */
export function afterText(f) {
  if (!f.after) return "";
  const distance = Math.round(secondsAt(f.since) - secondsAt(f.after.at));
  const what = f.after.kind === "deployment" ? say("deployOf", { version: visible(f.after.version ?? "") }) : f.after.instance ? say("restartOf", { instance: visible(f.after.instance) }) : say("aRestart");
  return distance > 0 ? say("afterEvent", { age: age(distance), event: what }) : say("withEvent", { event: what });
}

/**
 * A Headline is the sentence above the lanes: what is wrong, and in muted ink what came before it.
 * @typedef {{tone: string, text: string, quiet: string}} Headline
 */

/**
 * headlineOf is the sentence on one service.
 * @param {import("./model.js").Service} s
 * @param {Finding[]} findings those that go on, the worst first
 * @param {Finding[]} over those that are over, the latest first
 * @param {{facts: string, stale: string, route?: import("./model.js").Route}} more what is said of a healthy one, the time of old numbers, and the route that it is about
 * @returns {Headline}
 */
export function headlineOf(s, findings, over, { facts, stale, route }) {
  const job = route ? visible(`${route.method} ${route.path}`.trim()) : visible(s.job) || say("noJob");
  const state = route ? route.state : s.state;
  const said = (/** @type {string} */ text) => (stale ? say("atTime", { time: stale, text }) : text);
  if (findings.length > 0) {
    const [f] = findings;
    const only = f.where?.only ? say("onlyOn", { instance: visible(f.where.only) }) : "";
    const before = f.before && !f.until && f.kind === "latency" ? say("wasValue", { value: valueOf(f.kind, f.before) }) : "";
    const after = afterText(f);
    const more = byRoute(findings).length - 1;
    return {
      tone: toneOfState(stateOfKind(f.kind)),
      text: said(say(f.since ? "sentence" : "sentence_now", { subject: subjectOf(f), claim: claim(f) + before + only, since: sinceText(f) })),
      quiet: (after ? say("comma") + after : "") + say("fullStop") + (more ? say(moreKey(findings, more), { n: more }) : ""),
    };
  }
  if (state === "warning") return onlyAlerts(job, s.judged?.firing ?? [], said);
  const last = over[0];
  if (last) return { tone: "good", text: said(say("healthyAgain", { job, time: clockAt(secondsAt(last.until)) })), quiet: say("wasWrong", { subject: subjectOf(last), claim: claim(last), age: age(secondsAt(last.until) - secondsAt(last.since)) }) };
  return { tone: state === "idle" || state === "noData" ? "idle" : "good", text: said(say(`sentence_${state}`, { job })), quiet: facts };
}

/** onlyAlerts says that alerts fire on after all is well, or for what no finding explains. */
function onlyAlerts(/** @type {string} */ job, /** @type {string[]} */ firing, /** @type {(text: string) => string} */ said) {
  const names = firing.slice(0, 3).map(visible).join(say("listComma"));
  return { tone: "warn", text: said(say(firing.length === 1 ? "onlyAlert" : "onlyAlerts", { job, n: firing.length })), quiet: names };
}

const moreKey = (/** @type {Finding[]} */ findings, /** @type {number} */ n) => (findings.every((f) => f.path !== undefined) ? (n === 1 ? "oneMoreRoute" : "moreRoutes") : n === 1 ? "oneMoreFinding" : "moreFindings");

const toneOfState = (/** @type {string} */ state) => (state === "errors" || state === "down" ? "bad" : "warn");

/**
 * headlineOfAll is the sentence over all services.
 * @param {import("./model.js").Service[]} services
 * @param {string} stale
 * @returns {Headline}
 */
export function headlineOfAll(services, stale) {
  const bad = services.filter((s) => ["errors", "down", "slow", "warning"].includes(s.state));
  const said = (/** @type {string} */ text) => (stale ? say("atTime", { time: stale, text }) : text);
  const others = services.length - bad.length;
  if (bad.length === 0) {
    const idle = services.filter((s) => s.state === "idle" || s.state === "noData");
    const names = idle.slice(0, 5).map((s) => visible(s.job) || say("noJob")).join(say("listComma")) + (idle.length > 5 ? "…" : "");
    return { tone: "good", text: said(say(services.length === 1 ? "oneHealthy" : "allHealthy", { n: services.length })), quiet: idle.length > 0 ? say("withoutTraffic", { jobs: names }) : "" };
  }
  const clauses = bad.slice(0, 3).map((s) => {
    const [f] = s.judged?.findings ?? [];
    return say(`clause_${s.state}`, { job: visible(s.job) || say("noJob") }) + (f?.since ? say("sinceShort", { time: clockAt(secondsAt(f.since)) }) : "");
  });
  const more = bad.length - clauses.length;
  return {
    tone: bad.some((s) => s.state === "errors" || s.state === "down") ? "bad" : "warn",
    text: said(clauses.join(say("listComma")) + (more > 0 ? say("andOthers", { n: more }) : "") + say("fullStop")),
    quiet: others > 0 ? say(others === 1 ? "otherHealthy" : "othersHealthy", { n: others }) : "",
  };
}

/**
 * titleOf is what the window's title says: the state's sign, and the worst.
 * @param {import("./model.js").Service[]} services
 * @param {string} title
 */
export function titleOf(services, title) {
  const s = services.find((s) => ["errors", "down", "slow", "warning"].includes(s.state));
  if (!s) return { title, icon: "icon.svg" };
  const [f] = s.judged?.findings ?? [];
  const news = f ? `${subjectOf(f)} ${claim(f)}` : say(s.state);
  const bad = s.state === "errors" || s.state === "down";
  return { title: `${bad ? "✖" : "▲"} ${[news, visible(s.job), title].filter(Boolean).join(" · ")}`, icon: bad ? "icon-bad.svg" : "icon-warn.svg" };
}

/**
 * incidentOf is what the time picker calls this incident: from the first finding that goes on to now, or the
 * latest that is over.
 * @param {import("./model.js").Service[]} services
 * @param {number} at
 */
export function incidentOf(services, at) {
  const findings = services.flatMap((s) => s.judged?.findings ?? []).filter((f) => f.since);
  const over = services.flatMap((s) => s.judged?.over ?? []).filter((f) => at - secondsAt(f.until) < 3600);
  if (findings.length > 0) return { since: Math.min(...findings.map((f) => secondsAt(f.since))), until: 0 };
  if (over.length > 0) return { since: Math.min(...over.map((f) => secondsAt(f.since))), until: Math.max(...over.map((f) => secondsAt(f.until))) };
  return null;
}

/**
 * incidentSpan begins one duration before what is wrong began, at least two minutes; null if all is well.
 * @param {import("./now.js").Now} now
 * @returns {import("./range.js").Span | null}
 */
export function incidentSpan({ incident, at }) {
  if (!incident?.since) return null;
  const end = incident.until || at;
  const lead = Math.max(120, end - incident.since);
  return incident.until ? within(incident.since - lead, end + lead) : { last: Math.ceil(at - incident.since + lead) };
}
