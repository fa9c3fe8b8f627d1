// All services: the verdict over them, and a card for each, the worst first, or their table.

import { overviewLines } from "./before.js";
import { putLatency } from "./cells.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { filterField } from "./field.js";
import { age, nothing, rate, ratio, shorten, visible } from "./format.js";
import { icon, stateIcon, toneOf } from "./icons.js";
import { lazy } from "./lazy.js";
import { newestOf, versionsNow } from "./marks.js";
import { say } from "./messages.js";
import { isBad } from "./model.js";
import { rangeOf, samplesOf } from "./now.js";
import { ruleWindow } from "./panels.js";
import { hasMatch, placeOf } from "./rows.js";
import { areaPath, sparkPath } from "./sparkline.js";
import { titleRow } from "./titlerow.js";
import { byRoute, claim, subjectOf } from "./verdict.js";
import { verdictView } from "./verdictview.js";
import { addressOf } from "./view.js";

/** More services than this start as a table. */
const maxCards = 24;

/** The filters above the services, and which services each keeps. */
const filters = /** @type {{only: string, label: string, keeps: (s: import("./model.js").Service) => boolean}[]} */ ([
  { only: "", label: "onlyAll", keeps: () => true },
  { only: "unhealthy", label: "onlyUnhealthy", keeps: (s) => isBad(s.state) },
  { only: "idle", label: "onlyIdle", keeps: (s) => s.state === "idle" || s.state === "noData" },
]);

/** @param {import("./now.js").ChangeView} changeView */
export function overview(changeView) {
  const title = titleRow();
  const verdict = verdictView(changeView);
  const tools = toolRow(changeView);
  const cards = make("div", { class: "services" });
  const table = lazy((later) => later.serviceTable(changeView));
  /** @type {import("./model.js").Sample[]} */
  let versions = [];
  return {
    element: make("div", {}, title.element, verdict.element, tools.element, cards, table.element),
    update(/** @type {import("./now.js").Now} */ now) {
      const { services, view } = now;
      title.element.hidden = verdict.element.hidden = tools.element.hidden = services.length === 0;
      const bad = services.filter((s) => isBad(s.state));
      title.update({ name: say("services"), state: bad[0]?.state, stateWords: say("needYou", { n: bad.length, all: services.length }), facts: factsOf(services) });
      verdict.update(now, null);
      const keeps = filters.find((f) => f.only === view.only)?.keeps ?? filters[0].keeps;
      const chosen = services.filter((s) => keeps(s) && hasMatch(s, view));
      const asTable = view.show ? view.show === "table" : services.length > maxCards;
      tools.update(now, asTable, chosen.length);
      const lines = linesOf(now);
      versions = (services.length === 0 ? undefined : versionsOf(now)) ?? versions;
      const budgets = budgetsOf(now);
      const items = chosen.map((service) => ({ key: service.key, budget: budgets.get(service.job), service, now, lines: lines.of(service), version: newestOf(versions, (job) => job === service.job) }));
      cards.hidden = asTable;
      table.element.hidden = !asTable || services.length === 0;
      list(cards, asTable ? [] : items, (/** @type {Item} */ _) => card());
      if (asTable && services.length > 0) table.update(now, items, lines.problem);
    },
  };
}

/** @typedef {{rate: (number | null)[], errors: (number | null)[], p95: (number | null)[]}} Lines of a service over the range */
/** budgetsOf are the smallest error budgets that services have left, if they have objectives. */
const budgetsOf = (/** @type {import("./now.js").Now} */ now) => new Map((samplesOf(now, "min by (job) (tacho:slo_error_budget:ratio)") ?? []).map(({ metric, value }) => [metric.job, Number(value[1])]));

/** How long versions are good for, in seconds. */
const versionInterval = 15;

/** versionsOf are the versions of all services, read at most once in their interval; undefined until they are there. */
function versionsOf(/** @type {import("./now.js").Now} */ now) {
  const answer = now.query({ expr: versionsNow, at: Math.floor(now.at / versionInterval) * versionInterval });
  return answer && (answer.value?.samples ?? []);
}

/** @typedef {{key: string, budget: number | undefined, service: import("./model.js").Service, now: import("./now.js").Now, lines: Lines, version: ReturnType<typeof newestOf> | undefined}} Item */

function factsOf(/** @type {import("./model.js").Service[]} */ services) {
  const sum = (/** @type {"rate" | "targets" | "down"} */ id) => services.reduce((all, s) => all + (s[id] || 0), 0);
  const targets = sum("targets");
  return [say("factRate", { rate: rate(sum("rate")) }), targets ? say("factUp", { up: targets - sum("down"), all: targets }) : ""];
}

/** linesOf queries the lines of all services at once, and tells what failed. */
function linesOf(/** @type {import("./now.js").Now} */ now) {
  const any = now.services.some((s) => s.routes.length > 0);
  const { source, step, every } = now;
  const p95 = 'tacho:job_http_request_duration_seconds:quantile{quantile="0.95"}';
  const over = step > Math.max(every, ruleWindow) ? `max_over_time(${p95}[${step}s])` : p95;
  const exprs = [...overviewLines(now), source.name === "recorded" ? `max by (job, schema) (${over})` : ""];
  const answers = exprs.map((expr) => (any && expr ? rangeOf(now, expr) : undefined));
  const [all, failed, slow] = answers.map((a) => a?.value);
  const linesFor = (/** @type {import("./model.js").Service} */ service) => {
    const of = (/** @type {import("./api.js").Range | undefined} */ answer) =>
      answer?.series.find((s) => s.metric.job === service.job && (!service.schema || s.metric.schema === service.schema))?.values ?? [];
    const [rates, errors] = [of(all), of(failed)];
    return { rate: rates, errors: rates.map((v, i) => (v === null ? null : v > 0 ? (errors[i] ?? 0) / v : 0)), p95: of(slow) };
  };
  // While one is being read again, whether it fails is unknown.
  const isLoading = any && exprs.some((expr, i) => expr && !answers[i]);
  return { of: linesFor, problem: isLoading ? undefined : answers.find((a) => a?.problem)?.problem ?? null };
}

/** toolRow filters the services, and chooses cards or a table. */
function toolRow(/** @type {import("./now.js").ChangeView} */ changeView) {
  const chips = filters.map(({ only, label }) => {
    const count = make("b");
    const button = make("button", { type: "button", class: "chip" }, say(label), " ", count);
    button.addEventListener("click", () => changeView((view) => ({ ...view, only })));
    return { only, button, count };
  });
  const filter = filterField("service-filter", "filterServices", changeView);
  const kinds = [["cards", "tiles", "asCards"], ["table", "rows", "asTableOf"]].map(([show, shape, label]) => {
    const button = make("button", { type: "button", class: "ctl icon", "aria-label": say(label), title: say(label) }, icon(shape));
    button.addEventListener("click", () => changeView((view) => ({ ...view, show })));
    return { show, button };
  });
  const filtered = make("span", { class: "muted small" });
  return {
    element: make("div", { class: "tools" }, make("h2", {}, say("allServices")), make("div", { class: "filters", role: "group", "aria-label": say("show") }, ...chips.map((c) => c.button)),
      make("div", { class: "end" }, filtered, filter.element, make("span", { class: "group", role: "group", "aria-label": say("show") }, ...kinds.map((k) => k.button)))),
    update(/** @type {import("./now.js").Now} */ { services, view }, /** @type {boolean} */ asTable, /** @type {number} */ shown) {
      filter.update(view);
      chips.forEach(({ only, button, count }, i) => {
        put(count, String(services.filter(filters[i].keeps).length));
        attribute(button, "aria-pressed", String(only === view.only));
      });
      for (const { show, button } of kinds) attribute(button, "aria-pressed", String((show === "table") === asTable));
      put(filtered, shown < services.length ? say("filtered", { n: shown, all: services.length }) : "");
    },
  };
}

/**
 * whyOf is the reason for a service's state in a few words; of a healthy one how many routes it has.
 * @param {import("./model.js").Service} s
 */
export function whyOf(s) {
  const findings = s.judged?.findings ?? [];
  if (findings.length > 0) {
    const [f] = findings;
    const more = byRoute(findings).length - 1;
    return `${subjectOf(f)} ${claim(f)}${more > 0 ? say("commaMore", { n: more }) : ""}`;
  }
  if (s.state === "warning") return (s.judged?.firing ?? []).slice(0, 2).map(visible).join(say("listComma"));
  if (s.state === "noData") return say(s.ratesMissing ? "whyNoRates" : "whyNoData");
  if (s.state === "idle") return say("whyIdle");
  return say("healthyRoutes", { n: s.routes.filter((r) => !r.apart).length });
}

/**
 * curve is a small line, and its ground if it is of a rate.
 * @param {string} color
 * @param {boolean} filled
 */
export function curve(color, filled) {
  const [ground, line] = [svg("path", { class: `fl f${color}` }), svg("path", { class: `ln l${color}` })];
  return {
    element: svg("svg", { class: "spark", viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" }, ground, line),
    line,
    update(/** @type {(number | null)[]} */ values, least = 1e-12) {
      const most = Math.max(...values.map((v) => v ?? 0), least) * 1.1;
      attribute(line, "d", sparkPath(values, most, 1000, 100));
      attribute(ground, "d", filled ? areaPath(values, most, 1000, 100) : "");
    },
  };
}

/** ups are a service's instances, those that are down by their shape. */
export function ups() {
  const element = make("span", { class: "ups", role: "img" });
  return {
    element,
    update(/** @type {import("./model.js").Service} */ s) {
      const shown = Math.min(12, Number.isFinite(s.targets) ? s.targets : 0);
      const down = Math.min(shown, s.down);
      list(element, Array.from({ length: shown }, (_, i) => ({ key: String(i), down: i >= shown - down })), () => {
        const mark = make("i");
        return { element: mark, update: (/** @type {{down: boolean}} */ one) => attribute(mark, "class", one.down ? "down" : "") };
      });
      attribute(element, "aria-label", Number.isFinite(s.targets) ? say("factUp", { up: s.targets - s.down, all: s.targets }) : "");
    },
  };
}

const number = () => ({ value: make("span"), unit: make("small") });

function card() {
  const state = stateIcon();
  const name = make("bdi");
  const about = make("bdi", { class: "v" });
  const why = make("span", { class: "why", dir: "auto" });
  const numbers = { rate: number(), errors: number(), p95: number() };
  const curves = { rate: curve("1", true), errors: curve("4", false), p95: curve("q95", false) };
  const instances = ups();
  const cell = (/** @type {"rate" | "errors" | "p95"} */ id, /** @type {string} */ label, /** @type {string} */ cls) =>
    make("div", {}, make("dt", {}, say(label)), make("dd", { class: cls }, numbers[id].value, " ", numbers[id].unit), curves[id].element);
  const nums = make("dl", { class: "nums" }, cell("rate", "rateUnit", "rate"), cell("errors", "errorsShort", "errorRatio"), cell("p95", "p95", "p95"));
  const budget = make("span");
  const element = make("a", { class: "card svc", "data-row": "" }, make("span", { class: "top" }, state.element, name, about), why, nums, make("span", { class: "budget" }, instances.element, budget));
  return {
    element,
    update(/** @type {Item} */ { service: s, now, lines, version, budget: left }) {
      put(budget, left === undefined ? "" : say("budgetOf", { left: ratio(Math.max(0, left)) }));
      const tone = toneOf(s.state);
      element.className = `card svc ${tone === "bad" || tone === "warn" ? tone : "calm"}`;
      attribute(element, "href", addressOf(now.view, { open: placeOf(s), route: "", filter: "", only: "" }));
      state.update(s.state);
      put(name, visible(s.job) || say("noJob"));
      put(about, [s.schema && say("schemaOf", { schema: visible(s.schema) }), version && shorten(visible(version.text), 16), version?.at && age(now.at - version.at)].filter(Boolean).join(" · "));
      put(why, whyOf(s));
      attribute(why, "class", `why is-${tone}`);
      putNumbers(numbers, s);
      for (const id of /** @type {("rate" | "errors" | "p95")[]} */ (["rate", "errors", "p95"])) curves[id].update(lines[id]);
      attribute(curves.errors.line, "class", tone === "bad" ? "ln l4" : "ln l7");
      instances.update(s);
    },
  };
}

function putNumbers(/** @type {Record<"rate" | "errors" | "p95", ReturnType<typeof number>>} */ cells, /** @type {import("./model.js").Service} */ s) {
  put(cells.rate.value, Number.isFinite(s.rate) ? rate(s.rate) : nothing);
  put(cells.errors.value, ratio(s.errorRatio));
  putLatency(cells.p95.value, s.p95, s);
}
