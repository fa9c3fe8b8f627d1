// The answer first: one sentence, and below it the lanes that show it.

import { attribute, make, put } from "./dom.js";
import { shorten, time, visible } from "./format.js";
import { icon, stateIcon } from "./icons.js";
import { lanes } from "./lanes.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { matchersOf, numberQuery, selector } from "./queries.js";
import { placeOf } from "./rows.js";
import { afterText, byRoute, claim, clockAt, headlineOf, headlineOfAll, incidentSpan, isOn, routeKey, secondsAt, sinceText, stateOfKind, subjectOf, valueOf } from "./verdict.js";
import { addressOf, stillAddress } from "./view.js";

/** Lanes of findings that are shown; the others are counted. */
const maxLanes = 5;

/** @param {import("./now.js").ChangeView} changeView */
export function verdictView(changeView) {
  const state = stateIcon();
  const text = make("span");
  const quiet = make("span", { class: "quiet" });
  const zoom = make("button", { type: "button", class: "ctl" }, icon("zoom"), make("span", {}, say("zoomTo")));
  const help = make("a", { class: "ctl" }, icon("book"), make("span", {}, say("whatToDo")));
  const copy = make("button", { type: "button", class: "ctl icon opt", "aria-label": say("copyText"), title: say("copyText") }, icon("copy"));
  const acts = make("div", { class: "acts" }, zoom, help, copy);
  const rows = lanes(changeView);
  const rest = make("p", { class: "foot" });
  const element = make("section", { class: "verdict", "aria-label": say("verdict") },
    make("div", { class: "say" }, state.element, make("p", { class: "sentence", role: "status" }, text, quiet), acts), rows.element, rest);
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  zoom.addEventListener("click", () => {
    const span = shown && incidentSpan(shown);
    if (span) changeView((view) => ({ ...view, span }));
  });
  copy.addEventListener("click", () => { if (shown) void copyText(`${text.textContent}${quiet.textContent}`, shown); });
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service | null} service null for all
     * @param {{facts?: string, marks?: import("./marks.js").Mark[], route?: import("./model.js").Route}} [more]
     */
    update(now, service, more = {}) {
      const { facts = "", marks = [], route } = more;
      shown = now;
      const findings = findingsOf(now, service, route);
      const head = service ? headlineOf(service, findings, overOf(now, service, route), { facts, stale: staleOf(now), route }) : headlineOfAll(now.services, staleOf(now));
      state.update({ bad: "errors", warn: "slow", good: "healthy", idle: "idle" }[head.tone] ?? "idle");
      put(text, head.text);
      put(quiet, head.quiet);
      const calm = head.tone === "good" || head.tone === "idle";
      attribute(element, "class", `verdict ${calm ? "plain" : head.tone}`);
      help.hidden = calm || !findings.some((f) => f.path !== undefined || f.kind === "target");
      attribute(help, "href", addressOf(now.view, { page: findings[0]?.kind === "target" ? "targets" : "alerts" }));
      const all = service ? serviceLanes(now, service, findings, marks, route) : jobLanes(now);
      zoom.hidden = !incidentSpan(now) || (calm && all.length === 0);
      rows.update(all.slice(0, maxLanes), { from: now.edges.from, to: Math.max(now.edges.to, now.at) }, marks.findLast((m) => m.kind === "deploy")?.at);
      rest.hidden = all.length <= maxLanes;
      put(rest, say("moreLanes", { n: all.length - maxLanes }));
    },
  };
}

/** staleOf is the time of numbers that are too old to be the present; "" if they are not. */
const staleOf = (/** @type {import("./now.js").Now} */ now) => (now.stale ? time(new Date(now.at * 1000), new Date()) : "");

/** findingsOf are what is wrong with a service or a route; without a verdict, what its own states say. */
function findingsOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service | null} */ service, /** @type {import("./model.js").Route | undefined} */ route) {
  return service ? (service.judged?.findings ?? []).filter(isOn(route)) : now.services.flatMap((s) => s.judged?.findings ?? []);
}

/** overOf is what was wrong and is over, if that was in the range that is shown. */
const overOf = (/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./model.js").Route | undefined} */ route) =>
  (service.judged?.over ?? []).filter(isOn(route)).filter((f) => secondsAt(f.until) >= now.edges.from);

/** serviceLanes are the deployments in the range, and the findings of a service. */
function serviceLanes(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./verdict.js").Finding[]} */ findings, /** @type {import("./marks.js").Mark[]} */ marks, /** @type {import("./model.js").Route | undefined} */ route) {
  const fired = bellsOf(now, service.job, findings.length > 0);
  // What ended while something else goes on keeps its lane, so that the others keep their places.
  const open = new Set(findings.map(routeKey));
  const first = Math.min(...findings.map((f) => secondsAt(f.since)));
  const over = overOf(now, service, route).filter((f) => findings.length === 0 || (!open.has(routeKey(f)) && secondsAt(f.until) >= first));
  const shown = [...findings, ...over];
  // A deployment explains nothing while all is well: it is an event then.
  const deploys = shown.length === 0 ? [] : marks.filter((m) => m.kind === "deploy").slice(-2);
  return [
    ...deploys.map((m) => /** @type {import("./lanes.js").Lane} */ ({ key: m.key, state: "deploy", subject: "", text: say("versionDeployed", { version: visible(m.text) }), since: clockAt(m.at), where: "", from: m.at })),
    ...byRoute(shown).map((all) => laneOf(now, service, all, fired)),
  ];
}

/** jobLanes are the services that are not healthy, each by its worst finding. */
function jobLanes(/** @type {import("./now.js").Now} */ now) {
  return now.services.flatMap((s) => {
    const [f] = s.judged?.findings ?? [];
    if (!f) return [];
    const lane = laneOf(now, s, [f], new Map());
    const more = byRoute(s.judged?.findings ?? []).length - 1;
    return [{ ...lane, key: s.key, job: visible(s.job), was: [lane.was, more ? say("moreShort", { n: more }) : "", afterText(f)].filter(Boolean).join(say("listComma")), href: addressOf(now.view, { open: placeOf(s), route: "" }) }];
  });
}

/**
 * laneOf is the lane of the findings of a route, or of one finding of something else; the worst comes first.
 * @returns {import("./lanes.js").Lane}
 */
function laneOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ s, /** @type {import("./verdict.js").Finding[]} */ findings, /** @type {Map<string, number[]>} */ fired) {
  const [f] = findings;
  const place = f.where;
  const told = findings.filter((g) => !g.until && g.before !== undefined && g.kind !== "target").map((g) => valueOf(g.kind, g.before));
  return {
    key: JSON.stringify([f.kind, f.method, f.path, f.instance, f.alert, f.since]),
    state: stateOfKind(f.kind), subject: shorten(subjectOf(f), 100), text: findings.map(claim).join(say("listComma")), was: told.length ? say("wasValue_", { value: told.join(say("listComma")) }) : "",
    since: !f.since || f.until ? sinceText(f) : (f.atLeast ? "≤ " : "") + clockAt(secondsAt(f.since)),
    where: place?.only ? say("onlyOn_", { instance: visible(place.only) }) : place && place.instances > 1 ? placeText(place) : visible(f.instance ?? ""),
    only: Boolean(place?.only), from: secondsAt(f.since) || now.edges.from, to: secondsAt(f.until) || undefined,
    href: hrefOf(now.view, s, f),
    bells: fired.get(routeKey(f)) ?? [], values: valuesOf(now, s, f),
  };
}

/**
 * hrefOf is the address of what a finding is about: a route, a target, or an alert.
 * @param {import("./view.js").View} view
 * @param {import("./model.js").Service} s
 * @param {import("./verdict.js").Finding} f
 */
export const hrefOf = (view, s, { kind, method = "", path }) =>
  addressOf(view, path === undefined ? { page: kind === "target" ? "targets" : "alerts" } : { open: placeOf(s), route: `${method} ${path}` });

/** placeText is on how many instances a finding is; nothing while that is unclear. */
function placeText(/** @type {import("./verdict.js").Where} */ { instances, on, unclear }) {
  if (unclear) return "";
  return !on || on.length === instances ? say("allInstances", { n: instances }) : say("someInstances", { n: on.length, all: instances });
}

/** valuesOf are the values of a finding over the range. */
function valuesOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ s, /** @type {import("./verdict.js").Finding} */ f) {
  const id = { errors: "errorRatio", latency: "p95" }[f.kind];
  if (!id || f.path === undefined) return undefined;
  const expr = numberQuery(now.source, id, { job: s.job, schema: s.schema, method: f.method ?? "", path: f.path });
  return rangeOf(now, expr)?.value?.series[0]?.values;
}

/** bellsOf is when alerts on each route of a job began to fire, in the range. */
function bellsOf(/** @type {import("./now.js").Now} */ now, /** @type {string} */ job, /** @type {boolean} */ any) {
  /** @type {Map<string, number[]>} */
  const found = new Map();
  if (!any) return found;
  const answer = rangeOf(now, `max by (method, path) (ALERTS${selector([["alertstate", "=", "firing"], ...matchersOf({ job, schema: "" })])})`)?.value;
  for (const { metric, values } of answer?.series ?? []) {
    const i = values.findIndex((/** @type {number | null} */ v) => v !== null);
    // One that already fired when the range began has no beginning in it.
    if (i > 0) found.set(routeKey(metric), [/** @type {import("./api.js").Range} */ (answer).start + i * now.step]);
  }
  return found;
}

/** copyText copies a text with the address of the view. */
async function copyText(/** @type {string} */ text, /** @type {import("./now.js").Now} */ now) {
  await navigator.clipboard?.writeText(`${text}\n${stillAddress(now.view, now.at)}`).catch(() => {});
}
