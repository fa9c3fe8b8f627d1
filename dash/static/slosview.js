// The screen of service level objectives: a sentence on what burns, then a row for each, sorted by when the
// budget will be empty. A row opens to the budget over time, the windows that alert, and the routes that spent it.

import { chart, queryBox } from "./chart.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { filterField } from "./field.js";
import { age, count, nothing, number, ratio, shorten, visible } from "./format.js";
import { track } from "./glyph.js";
import { icon, stateIcon } from "./icons.js";
import { laterMessages } from "./latermessages.js";
import { shownOf } from "./lines.js";
import { gap, learn, say } from "./messages.js";
import { marksOver } from "./markview.js";
import { rangeOf, samplesOf } from "./now.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { burnNow, emptyIn, fires, firesIn, kept, objectivesOf, objectivesQuery, percent, requestsLeft, stateOf, suggestions, toneOf, windowsOf } from "./slos.js";
import { areaPath, sparkPath } from "./sparkline.js";
import { titleRow } from "./titlerow.js";
import { zoomTo } from "./trend.js";
import { addressOf } from "./view.js";

learn(laterMessages);

/** Rows that are shown, and routes of an open one. */
const [maxShown, maxRoutes] = [100, 8];

/** @param {import("./now.js").ChangeView} changeView */
export function slosScreen(changeView) {
  const title = titleRow();
  const state = stateIcon();
  const [sentence, quiet] = [make("span"), make("span", { class: "quiet" })];
  const verdict = make("section", { class: "verdict plain", "aria-label": say("verdict") }, make("div", { class: "say" }, state.element, make("p", { class: "sentence", role: "status" }, sentence, quiet)));
  const filter = filterField("slo-filter", "filterSLOs", changeView);
  const tools = make("div", { class: "tools" }, make("div", { class: "end" }, filter.element));
  const windows = ["", "", "", ""].map((text) => make("span", {}, text));
  const body = make("tbody");
  const heads = /** @type {[string, string][]} */ ([["sloColumn", ""], ["promised", ""], ["kept_", "n"], ["budgetLeft", "n"], ["requestsLeft", "n hide-m"], ["", "hide-s"], ["overSpan", "hide-m"], ["emptyIn", ""]]);
  const head = make("tr", {}, ...heads.map(([label, kind]) => make("th", { scope: "col", ...(kind ? { class: kind } : {}) }, label ? say(label) : make("span", { class: "windows heads" }, ...windows))));
  const table = make("div", { class: "card scroll" }, make("table", { class: "stackrows slos" }, make("thead", {}, head), body));
  const hint = make("p", { class: "hint" }, icon("help"), make("span", {}, say("sloHint")));
  const suggest = suggestView();
  const element = make("section", { id: "slos-screen", class: "late" }, title.element, verdict, tools, table, suggest.element, hint);
  /** @type {string[] | null} */
  let open = null;
  /** @type {import("./now.js").Now | null} */
  let last = null;
  const toggle = (/** @type {string} */ key) => {
    open = open?.includes(key) ? open.filter((k) => k !== key) : [...(open ?? []), key].slice(-3);
    if (last) last.refresh();
  };
  /** @type {import("./slos.js").Objective[] | null} */
  let known = null;
  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      last = now;
      const samples = samplesOf(now, objectivesQuery);
      if (samples) known = objectivesOf(samples);
      const all = known ?? [];
      const found = all.filter((o) => `${o.job} ${o.name} ${o.of}`.toLowerCase().includes(now.view.filter.toLowerCase()));
      if (!open && (found.length === 1 || (found[0] && stateOf(found[0]) !== "healthy" && stateOf(found[0]) !== "idle"))) open = [found[0].key];
      showTitle(title, all);
      const worst = all.find((o) => !["healthy", "idle", "noData"].includes(stateOf(o)));
      const tone = worst ? (stateOf(worst) === "errors" ? "bad" : "warn") : "plain";
      state.update(worst ? stateOf(worst) : all.length ? "healthy" : "idle");
      attribute(verdict, "class", `verdict ${tone} plain`);
      put(sentence, !known ? say("loading") : all.length === 0 ? say("noSLOs") : sentenceOf(worst ?? all[0], Boolean(worst)));
      put(quiet, quietOf(all, worst));
      filter.update(now.view);
      tools.hidden = all.length < 6 && !now.view.filter;
      table.hidden = found.length === 0;
      windowsOf(found[0] ?? { pairs: [] }).forEach((w, i) => put(windows[i], i === 0 ? say("burnNow") : windowText(w)));
      const lines = linesOf(now, found.length > 0);
      /** @type {any[]} */
      const rows = found.slice(0, maxShown).flatMap((o) => {
        const item = { key: o.key, o, now, line: lines.get(o.key) ?? [], opened: open?.includes(o.key) ?? false };
        return item.opened ? [item, { ...item, key: `detail ${o.key}` }] : [item];
      });
      list(body, rows, (item) => (item.key === item.o.key ? rowView(toggle) : detailView(changeView)));
      suggest.update(now, known !== null && all.length === 0);
    },
  };
}

/** @typedef {{key: string, o: import("./slos.js").Objective, now: import("./now.js").Now, line: (number | null)[], opened: boolean}} Item */

function showTitle(/** @type {ReturnType<typeof titleRow>} */ title, /** @type {import("./slos.js").Objective[]} */ all) {
  const bad = all.filter((o) => ["errors", "slow"].includes(stateOf(o)));
  const state = bad.some((o) => stateOf(o) === "errors") ? "errors" : bad.length > 0 ? "slow" : "";
  title.update({ name: say("slos"), state, stateWords: say("nBurning", { n: bad.length }), facts: [all.length ? say("nObjectives", { n: all.length }) : ""] });
}

/** nameOf is an objective's name, with its service if the name does not begin with it. */
const nameOf = (/** @type {import("./slos.js").Objective} */ { name, job }) => visible(name.startsWith(job) ? name : `${job} ${name}`);

const times = (/** @type {number} */ n) => (Number.isFinite(n) ? `${number(Number(n.toPrecision(n < 1 ? 1 : n < 10 ? 2 : 3)))}×` : nothing);

const leftText = (/** @type {number} */ left) => (Number.isNaN(left) ? nothing : ratio(Math.max(0, left)));

/** sentenceOf: how fast the worst one burns, what is left, and for how long. */
function sentenceOf(/** @type {import("./slos.js").Objective} */ o, /** @type {boolean} */ burns) {
  const of = { name: nameOf(o), times: times(burnNow(o)).replace("×", ""), left: leftText(o.left), time: age(emptyIn(o)) };
  if (!burns) return say("budgetsSafe");
  if (o.left <= 0) return say("budgetSpent", of);
  return say(Number.isFinite(emptyIn(o)) ? "budgetBurns" : "budgetBurnt", of);
}

function quietOf(/** @type {import("./slos.js").Objective[]} */ all, /** @type {import("./slos.js").Objective | undefined} */ worst) {
  const others = all.filter((o) => o !== worst);
  const safe = others.filter((o) => ["healthy", "idle"].includes(stateOf(o))).length;
  return worst && safe > 0 ? gap() + say(safe === others.length ? "othersSafe" : "someSafe", { n: safe }) : "";
}

/** windowText writes 3d as the page writes durations. */
const windowText = (/** @type {string} */ w) => [...w.matchAll(/(\d+)([a-z]+)/g)].map(([, n, unit]) => say(unitNames[unit] ?? "days", { n: Number(n) })).join(" ");

const unitNames = /** @type {Record<string, string>} */ ({ d: "days", h: "hours", m: "minutes", s: "seconds" });

/** linesOf are the budgets over the range, by objective. */
function linesOf(/** @type {import("./now.js").Now} */ now, /** @type {boolean} */ any) {
  const answer = any ? rangeOf(now, "tacho:slo_error_budget:ratio")?.value : undefined;
  return new Map((answer?.series ?? []).map((/** @type {import("./api.js").Series} */ s) => [JSON.stringify([s.metric.job ?? "", s.metric.slo ?? ""]), s.values]));
}

/** promiseOf is what is promised, in words. */
const promiseOf = (/** @type {import("./slos.js").Objective} */ o) => say({ latency: "promiseLatency", availability: "promiseAvailable" }[/** @type {"latency"} */ (o.kind)] ?? "promiseEvents", { target: percent(o.target), limit: latencyText(o.below), of: visible(o.of) });

const latencyText = (/** @type {number} */ seconds) => (seconds < 1 ? `${Number((seconds * 1000).toPrecision(6))} ms` : `${seconds} s`);

const barTones = /** @type {Record<string, string>} */ ({ errors: "bad", slow: "warn" });

function rowView(/** @type {(key: string) => void} */ toggle) {
  const arrow = icon("right", "s");
  const state = stateIcon();
  const name = make("bdi");
  const button = make("button", { type: "button", class: "row link" }, name);
  const of = make("div", { class: "muted small" });
  const [promise, keptCell, left, requests, empty] = ["span", "span", "b", "span", "b"].map((tag) => make(tag));
  const bars = ["bad", "warn", "calm"].map((tone) => track(tone, "w"));
  const cells = ["", "", "", ""].map(() => make("span"));
  const area = svg("path", { class: "fl f1" });
  const line = svg("path", { class: "ln l1" });
  const spark = svg("svg", { class: "spark", viewBox: "0 0 100 22", preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
  const element = make("tr", { "data-row": "", tabindex: "-1" }, make("td", { class: "lead" }, arrow, state.element, button, of), make("td", { class: "wide muted" }, promise), make("td", { class: "n", "data-l": say("kept_") }, keptCell),
    make("td", { class: "n budgetcell", "data-l": say("budgetLeft") }, make("span", { class: "meter" }, ...bars.map((b) => b.element), left)), make("td", { class: "n drop hide-m muted" }, requests),
    make("td", { class: "drop" }, make("span", { class: "windows" }, ...cells)), make("td", { class: "sp drop hide-m" }, spark), make("td", { class: "nw two2", "data-l": say("emptyIn") }, empty));
  let key = "";
  button.addEventListener("click", () => toggle(key));
  return {
    element,
    update(/** @type {Item} */ { o, line: values, opened }) {
      key = o.key;
      const now = stateOf(o);
      attribute(element, "class", opened ? "opened" : "");
      attribute(button, "aria-expanded", String(opened));
      attribute(/** @type {Element} */ (arrow.firstElementChild), "href", `#i-${opened ? "down" : "right"}`);
      state.update(now);
      put(name, shorten(nameOf(o), 80));
      put(of, o.of && shorten(visible(o.of), 80));
      of.hidden = !o.of;
      put(promise, promiseOf(o));
      put(keptCell, o.idle || Number.isNaN(o.bad) ? nothing : exact(kept(o)));
      put(left, leftText(o.left));
      bars.forEach((bar, i) => {
        attribute(bar.element, "hidden", ["bad", "warn", "calm"][i] === (barTones[now] ?? "calm") ? "" : "hidden");
        bar.update(Math.max(0, Math.min(1, o.left || 0)));
      });
      put(requests, o.idle || Number.isNaN(o.bad) ? nothing : count(requestsLeft(o)));
      windowsOf(o).forEach((w, i) => {
        const burn = o.burns.get(w) ?? NaN;
        put(cells[i], o.idle ? say("idle") : times(burn));
        attribute(cells[i], "class", o.idle ? "" : toneOf(o, w, burn));
        attribute(cells[i], "title", windowText(w));
      });
      const shown = values.map((v) => (v === null ? null : Math.max(0, v)));
      attribute(line, "d", sparkPath(shown, 1, 100, 22));
      attribute(area, "d", areaPath(shown, 1, 100, 22));
      put(empty, o.bounds.length > 0 ? say("noData") : o.idle ? say("noRequests_") : o.left <= 0 ? say("spent") : Number.isFinite(emptyIn(o)) ? age(emptyIn(o)) : say("notAtThisRate"));
      attribute(empty, "class", barTones[now] ? `is-${barTones[now]}` : "muted");
    },
  };
}

/** exact writes a share with enough places to tell it from the target: 99.705%. */
const exact = (/** @type {number} */ n) => `${Number((n * 100).toFixed(3))}%`;

const headed = (/** @type {string} */ label, n = true) => make("th", { scope: "col", class: n ? "n" : "" }, say(label));

function detailView(/** @type {import("./now.js").ChangeView} */ changeView) {
  const text = make("p");
  const graph = chart("slos", zoomTo(changeView), { size: "tall" });
  const marks = marksOver();
  const pairs = make("tbody");
  const routes = make("tbody");
  const spentBy = make("div", {}, make("table", { class: "dense" }, make("thead", {}, make("tr", {}, headed("spentBy", false), headed("badRequests"), headed("shareOfBudget"))), routes));
  const note = make("p", { class: "small muted" });
  const service = make("a", { class: "ctl" }, icon("go"), make("span"));
  const query = make("a", { class: "ctl" }, icon("code"), say("openInExplore"));
  const left = make("div", {}, text, graph.element, spentBy);
  const table = make("table", { class: "dense" }, make("thead", {}, make("tr", {}, headed("burnsOver", false), headed("longWindow"), headed("shortWindow"), headed("limitColumn"), headed("ifItGoesOn", false))), pairs);
  const right = make("div", {}, make("div", { class: "scroll" }, table), note, make("div", { class: "acts" }, service, query));
  return {
    element: make("tr", { class: "detail" }, make("td", { colspan: "8" }, make("div", { class: "cols" }, left, right))),
    update(/** @type {Item} */ { o, now, line }) {
      const allowed = Math.floor(o.events * (1 - o.target) + 1e-9);
      put(text, o.bounds.length > 0 ? say(o.bounds.length > 1 ? "notABound" : "notTheBound", { limit: latencyText(o.below), job: visible(o.job), lower: latencyText(o.bounds[0]), upper: latencyText(o.bounds[1] ?? NaN) }) : o.events > 0 ? say("budgetInRequests", { all: count(Math.round(o.events)), allowed: count(allowed), bad: count(Math.round(o.bad)), left: count(requestsLeft(o)), period: windowText(o.period) }) : say("noRequestsYet"));
      const shown = nothingShown(now, line);
      graph.update(shownOf({ id: "chartBudget", unit: "ratio", by: "slo", expr: `tacho:slo_error_budget:ratio{job=${JSON.stringify(o.job)},slo=${JSON.stringify(o.name)}}` }, shown), marks(now, o.job), { grounds: firedOf(now, o), most: 1 });
      list(pairs, o.pairs.map((p) => ({ key: p.long, o, p, at: now.at })), pairView);
      put(note, say("burnMeans", { period: windowText(o.period) }));
      const spent = spentOf(now, o);
      spentBy.hidden = spent.length === 0;
      list(routes, spent.map((r) => ({ ...r, allowed })), routeView);
      const s = now.services.find((each) => each.job === o.job);
      service.hidden = !s;
      if (s) attribute(service, "href", addressOf(now.view, { page: "", part: "", route: "", filter: "", open: placeOf(s) }));
      put(/** @type {Element} */ (service.lastElementChild), say("openService", { job: shorten(visible(o.job), 40) }));
      attribute(query, "href", addressOf(now.view, { page: "explore", part: "", filter: "", expr: `tacho:slo_burn_rate:ratio{job=${JSON.stringify(o.job)},slo=${JSON.stringify(o.name)}}` }));
    },
  };
}

/** nothingShown is the budget as a line over the range. */
function nothingShown(/** @type {import("./now.js").Now} */ now, /** @type {(number | null)[]} */ line) {
  const n = Math.round((now.edges.to - now.edges.from) / now.step) + 1;
  const values = line.length ? [...line] : Array(n).fill(null);
  // The end of the range may be later than the newest evaluation.
  if (values.at(-1) === null && values.length > 1) values[values.length - 1] = values[values.length - 2];
  return { times: values.map((_, i) => now.edges.from + i * now.step), names: [say("budgetLeft")], values: [values] };
}

/**
 * firedOf are the times in which the objective's alerts fired: the incidents of its history.
 * @returns {{from: number, to: number, tone: string}[]}
 */
function firedOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./slos.js").Objective} */ o) {
  const answer = rangeOf(now, `max(ALERTS{alertstate="firing",job=${JSON.stringify(o.job)},slo=${JSON.stringify(o.name)}})`)?.value;
  const values = answer?.series[0]?.values ?? [];
  const found = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] === null) continue;
    const from = answer.start + i * answer.step;
    while (i + 1 < values.length && values[i + 1] !== null) i++;
    found.push({ from, to: i + 1 < values.length ? answer.start + i * answer.step : Infinity, tone: "bad" });
  }
  return found;
}

/** spentOf are the routes that spent the budget over the range, those that spent most first. */
function spentOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./slos.js").Objective} */ o) {
  const span = Math.max(60, Math.round(now.edges.to - now.edges.from));
  const samples = samplesOf(now, `topk(${maxRoutes}, sum by (method, path) (sum_over_time(tacho:slo_route_bad_events:increase{job=${JSON.stringify(o.job)},slo=${JSON.stringify(o.name)}}[${span}s])))`) ?? [];
  return samples.map(({ metric, value }) => ({ key: JSON.stringify([metric.method, metric.path]), name: [metric.method, metric.path].filter(Boolean).join(" "), n: numberOf(value[1]) })).filter((r) => r.n >= 0.5).sort((a, b) => b.n - a.n);
}

function routeView() {
  const [name, n, share] = [make("bdi", { class: "route" }), make("td", { class: "n" }), make("td", { class: "n" })];
  return {
    element: make("tr", {}, make("td", {}, name), n, share),
    update(/** @type {any} */ r) {
      put(name, shorten(visible(r.name), 120));
      put(n, count(Math.round(r.n)));
      put(share, r.allowed > 0 ? ratio(r.n / r.allowed) : nothing);
    },
  };
}

function pairView() {
  const [name, ...numbers] = ["nw", "n", "n", "n"].map((kind) => make("td", { class: kind }));
  const then = make("td");
  return {
    element: make("tr", {}, name, ...numbers, then),
    update(/** @type {any} */ { o, p, at }) {
      put(name, say("bothWindows", { long: windowText(p.long), short: windowText(p.short) }));
      const values = [o.burns.get(p.long) ?? NaN, o.burns.get(p.short) ?? NaN, p.limit];
      values.forEach((v, i) => {
        put(numbers[i], times(v));
        attribute(numbers[i], "class", i < 2 && v > p.limit ? `n is-${p.severity === "critical" ? "bad" : "warn"}` : "n");
      });
      const seconds = firesIn(o, p);
      const [now, soon] = p.severity === "critical" ? ["pagesNow", "pagesIn"] : ["opensTicketNow", "opensTicketIn"];
      put(then, fires(o, p) ? say(now) : Number.isFinite(seconds) ? say(soon, { time: age(seconds) }) : say("noAlertAtThisRate"));
      attribute(then, "class", fires(o, p) && p.severity === "critical" ? "is-bad" : fires(o, p) ? "is-warn" : Number.isFinite(seconds) && at ? "is-warn" : "muted");
    },
  };
}

/** How far back a suggestion looks, and in which steps. */
const lookBack = "7d:5m";

/** The requests of each service, those that failed, and how many were below each bound. */
const suggestQuery = [
  ["requests", `sum by (job) (sum_over_time(tacho:job_http_requests_by_status:rate[${lookBack}]))`],
  ["errors", `sum by (job) (sum_over_time(tacho:job_http_requests_by_status:rate{status=~"5.."}[${lookBack}]))`],
  ["bucket", `sum by (job, le) (sum_over_time(tacho:job_http_request_duration_seconds_bucket:rate[${lookBack}]))`],
].map(([part, expr]) => `label_replace(${expr}, "part", "${part}", "", "")`).join(" or ");

/** suggestView suggests objectives for services that have none. Nothing alerts on them. */
function suggestView() {
  const rows = make("div");
  const element = make("section", { class: "card suggest" }, make("header", {}, make("h2", {}, say("suggested"))), make("div", { class: "body" }, make("p", { class: "muted" }, say("suggestedHow")), rows));
  return {
    element,
    update(/** @type {import("./now.js").Now} */ now, /** @type {boolean} */ wanted) {
      // Once per hour: the answer is of days.
      const answer = wanted ? now.query({ expr: suggestQuery, at: Math.floor(now.at / 300) * 300 }) : undefined;
      const all = suggestions(answer?.value?.samples ?? []);
      element.hidden = !wanted || all.length === 0;
      list(rows, all.slice(0, 20).map((s) => ({ key: s.job, expr: s.texts.map((text) => `--slo ${quoted(text)}`).join(" ") })), () => {
        const box = queryBox();
        box.element.lastElementChild?.remove();
        return { element: box.element, update: (/** @type {{expr: string}} */ { expr }) => box.update(expr) };
      });
    },
  };
}

/** quoted is a text as a shell takes it. */
const quoted = (/** @type {string} */ text) => `'${visible(text).replaceAll("'", "'\\''")}'`;
