// What the snapshot lacks about the routes of a service: it is queried when it is shown, and stays until there
// is something newer.

import { statusPattern } from "./filter.js";
import { findingsOf, ranksOf } from "./findings.js";
import { literal } from "./marks.js";
import { neverCalled, sizes } from "./names.js";
import { rangeOf, samplesOf } from "./now.js";
import { matchersOf, selector } from "./queries.js";
import { numberOf } from "./sample.js";

/** Routes that have a sparkline and their latency before: the first ones. Of thousands that would be too many series. */
export const maxLines = 30;

/** Longer paths have no sparkline: the query would be too long. */
const maxPath = 300;

const keyOf = (/** @type {import("./model.js").Sample | import("./api.js").Series} */ { metric }) => JSON.stringify([metric.method ?? "", metric.path ?? ""]);

/** @typedef {import("./model.js").Sample} Sample */

/** learnRoutes returns what is known, and how it is written into the routes. */
export function learnRoutes() {
  const known = {
    /** @type {Map<string, number>} */ sizes: new Map(), /** @type {Set<string>} */ never: new Set(),
    /** @type {Map<string, string[]>} */ statuses: new Map(), /** @type {Map<string, string[]>} */ apart: new Map(), budgets: /** @type {Sample[]} */ ([]),
  };
  return {
    /** @type {Map<string, (number | null)[]>} rates over the range, by route */
    rates: new Map(),
    /** @type {Map<string, number>} p95 when the range began, by route */
    before: new Map(),
    /** The latest deployment in the range, from 0 to 1; NaN for none. */
    deployed: NaN,
    /** Statuses of what is no route. */
    apart: known.apart,
    /**
     * update queries, and writes into the routes.
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./changes.js").Change[]} changes
     * @param {import("./marks.js").Mark[]} marks
     */
    update(now, service, changes, marks) {
      learn(now, service, known);
      enrich(service, changes, known);
      const at = marks.findLast((m) => m.kind === "deploy")?.at ?? NaN;
      this.deployed = (at - now.edges.from) / (now.edges.to - now.edges.from);
    },
    /**
     * lines queries what the first routes of a table have in addition: two queries, whatever their number.
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./model.js").Route[]} routes in the table's order
     */
    lines(now, service, routes) {
      const labels = matchersOf({ job: service.job, schema: service.schema });
      const matchers = service.routes.length <= maxLines ? labels : [...labels, ["path", "=~", pathsOf(routes)]];
      const rates = rangeOf(now, `sum by (method, path) (${now.source.requests(matchers)})`)?.value;
      if (rates) this.rates = new Map(rates.series.map((/** @type {import("./api.js").Series} */ s) => [keyOf(s), s.values]));
      known.budgets = samplesOf(now, budgetsOf(service.job)) ?? known.budgets;
      const before = now.query({ expr: now.source.quantile(0.95, matchers), at: now.edges.from })?.value;
      if (before) this.before = new Map(before.samples.map((/** @type {Sample} */ s) => [keyOf(s), numberOf(s.value[1])]));
    },
  };
}

/** pathsOf is a pattern of the first routes' paths: in one order, so that it is the same query while they are the same. */
const pathsOf = (/** @type {import("./model.js").Route[]} */ routes) =>
  [...new Set(routes.slice(0, maxLines).map((r) => r.path).filter((path) => path.length <= maxPath))].sort().map(literal).join("|");

/** budgetsOf is the query for the error budgets of objectives that cover a part of a service, with what they cover. */
function budgetsOf(/** @type {string} */ job) {
  const of = selector([["job", "=", job]]);
  return `min by (method, path) (tacho:slo_error_budget:ratio${of} * on (job, slo) group_left (method, path) group by (job, slo, method, path) (tacho:slo_objective:ratio${of}))`;
}

/**
 * promise writes into a route the smallest of the budgets that cover it. Objectives of the whole service are not about
 * a route.
 * @param {import("./model.js").Route} route
 * @param {Sample[]} budgets with the method and the path that each covers
 */
export function promise(route, budgets) {
  const covers = (/** @type {Sample} */ { metric: { method, path } }) => (method || path) && (!method || method === route.method) && (!path || path === route.path);
  const [least] = budgets.filter(covers).sort((a, b) => numberOf(a.value[1]) - numberOf(b.value[1]));
  route.budget = least && numberOf(least.value[1]);
  route.promised = least && [least.metric.method, least.metric.path].filter(Boolean).join(" ");
}

/** learn queries what the snapshot lacks. */
function learn(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {{sizes: Map<string, number>, never: Set<string>, statuses: Map<string, string[]>, apart: Map<string, string[]>}} */ known) {
  const names = now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };
  const subject = { job: service.job, schema: "" };
  const found = samplesOf(now, sizes(names, subject, now.source.window || "1m"));
  if (found) known.sizes = new Map(found.map((s) => [keyOf(s), numberOf(s.value[1])]));
  // This reads every series of the service: queried only if a route is idle.
  const never = samplesOf(now, service.routes.some((r) => r.rate === 0) ? neverCalled(names, subject) : undefined);
  if (never) known.never = new Set(never.map(keyOf));
  const pattern = statusPattern(now.view.filter);
  const statuses = pattern ? samplesOf(now, byStatus(now, service, ["status", "=~", `(?i:${pattern})`])) : [];
  if (statuses) known.statuses = statusesOf(statuses);
  const apart = samplesOf(now, service.routes.some((r) => r.apart && r.rate > 0) ? byStatus(now, service, ["path", "=~", "unmatched|unknown|__overflow__"]) : undefined);
  if (apart) {
    known.apart.clear();
    for (const [key, all] of statusesOf(apart)) known.apart.set(key, all);
  }
}

/** byStatus are the requests of routes by their status. */
const byStatus = (/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {string[]} */ matcher) =>
  `sum by (method, path, status) (${now.source.requests([...matchersOf({ job: service.job, schema: service.schema }), matcher])}) > 0`;

/** statusesOf are the statuses of each route. */
function statusesOf(/** @type {Sample[]} */ samples) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const s of samples) found.set(keyOf(s), [...(found.get(keyOf(s)) ?? []), s.metric.status ?? ""]);
  return found;
}

/** enrich writes what is known into the routes. */
function enrich(/** @type {import("./model.js").Service} */ service, /** @type {import("./changes.js").Change[]} */ changes, /** @type {{sizes: Map<string, number>, never: Set<string>, statuses: Map<string, string[]>, budgets: Sample[]}} */ known) {
  const byKey = new Map(changes.map((c) => [c.key, c]));
  const [findings, ranks] = [findingsOf(service), ranksOf(service)];
  const anyBefore = changes.some((c) => c.rateBefore > 0);
  for (const r of service.routes) {
    const c = byKey.get(r.key);
    r.bytes = known.sizes.get(r.key) ?? NaN;
    r.never = r.rate === 0 && known.never.has(r.key);
    r.before = c?.rateBefore ?? NaN;
    r.during = c?.rate ?? NaN;
    r.trend = anyBefore ? r.during / r.before : NaN;
    r.statuses = known.statuses.get(r.key);
    r.found = findings.get(r.key) ?? [];
    promise(r, known.budgets);
    r.rank = ranks.get(r.key);
  }
}
