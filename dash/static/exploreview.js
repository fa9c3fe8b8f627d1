// Explore: a query box, the list of metrics, and the result as a chart or a table.

import { chart, shownOf } from "./chart.js";
import { errorPlace, placeOfCursor } from "./complete.js";
import { queryBox } from "./completeview.js";
import { attribute, list, make, put } from "./dom.js";
import { chosenLines, csv, defaultQuery, ended, metricsInOrder, maxLines, seriesText, unitOf } from "./explore.js";
import { facts } from "./facts.js";
import { number, shorten, visible } from "./format.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { rangeOf, samplesOf } from "./now.js";
import { download, saveChart } from "./png.js";
import { selector } from "./queries.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { zoomTo } from "./trend.js";

learn(laterMessages);

/** Metrics listed, and rows of a table; the rest is counted. */
const [maxMetrics, maxRows] = [40, 200];

/** How long nothing must have been written until a query is checked, in milliseconds. */
const quiet = 300;

/** How long the lists of metrics and labels are good for, in seconds. */
const listInterval = 60;

/** raw is a number of which one wants to see that it is none. */
const raw = (/** @type {number} */ n) => (Number.isNaN(n) ? "NaN" : number(n));

/** @param {import("./now.js").ChangeView} changeView */
export function exploreScreen(changeView) {
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  /** @type {import("./explore.js").Metric[]} */
  let metrics = [];
  let checked = "";
  /**
   * What the box waits for.
   * @type {{kind: string, label: string} | null}
   */
  let wanted = null;
  /** @type {import("./cache.js").Result[]} */
  let seen = [];
  let timer = 0;

  const box = queryBox({ id: "expr", known, changed, submit: () => run(box.input.value.trim()) });
  const form = make("form", { class: "tools" }, make("label", { for: "expr" }, say("exploreLabel")), box.element, make("button", { type: "submit" }, say("run")));
  const place = placeView();
  const answer = answerView(changeView);
  const offered = metricList((metric) => run(defaultQuery(metric, matchers(), "5m")));
  const element = make("section", { id: "explore" }, make("h2", {}, say("explore")), form, place.element, answer.element, offered.element);
  form.addEventListener("submit", (event) => { event.preventDefault(); run(box.input.value.trim()); });

  function run(/** @type {string} */ expr) {
    box.input.blur();
    changeView((view) => ({ ...view, expr }));
  }

  /** A selected service narrows the list. */
  function matchers() {
    const service = shown?.services.find((s) => placeOf(s) === shown?.view.open);
    return service ? selector([["job", "=", service.job]]) : "";
  }

  /** known are the names to complete from; missing ones are fetched. */
  function known(/** @type {string} */ text, /** @type {number} */ cursor) {
    const { kind, label } = placeOfCursor(text, cursor);
    const fetchList = (/** @type {{list: string, label?: string}} */ query) => shown?.query({ ...query, at: Math.floor((shown?.at ?? 0) / listInterval) * listInterval });
    const labels = kind === "label" ? fetchList({ list: "labels" }) : null;
    const values = kind === "value" ? fetchList({ list: "values", label }) : null;
    if (labels === undefined || values === undefined) {
      wanted = { kind, label };
      shown?.refresh();
    }
    return { metrics, labels: labels?.value ?? [], values: values?.value ?? [] };
  }
  function changed() {
    clearTimeout(timer);
    timer = setTimeout(() => { checked = box.input.value.trim(); shown?.refresh(); }, quiet);
  }

  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      shown = now;
      const at = Math.floor(now.at / listInterval) * listInterval;
      const only = matchers();
      const names = now.query({ list: "metricNames", at, ...(only ? { "match[]": only } : {}) });
      const about = now.query({ list: "metadata", at });
      if (names && about && (names !== seen[0] || about !== seen[1])) {
        seen = [names, about];
        metrics = metricsInOrder(names.value ?? [], about.value ?? {});
      }
      if (wanted) {
        const { kind, label } = wanted;
        const there = now.query(kind === "label" ? { list: "labels", at } : { list: "values", label, at });
        if (there) {
          wanted = null;
          if (document.activeElement === box.input) box.offer();
        }
      }
      offered.update(metrics);
      box.set(now.view.expr);
      const problem = answer.update(now) ?? (checked && checked !== now.view.expr ? now.query({ list: "parse", at: 0, query: checked })?.problem : undefined);
      const text = problem && problem !== "none" ? problem : null;
      place.update(text, document.activeElement === box.input ? box.input.value.trim() : now.view.expr);
      attribute(box.input, "aria-invalid", text ? "true" : "");
      attribute(box.input, "aria-describedby", text ? "expr-problem" : "");
    },
  };
}

/** placeView shows a query's error and its position. */
function placeView() {
  const [before, at, after] = [make("span"), make("mark"), make("span")];
  const text = make("p");
  const line = make("pre", {}, make("code", {}, before, at, after));
  const element = make("div", { id: "expr-problem", class: "notice problem", role: "status" }, text, line);
  element.hidden = true;
  return {
    element,
    /**
     * @param {import("./api.js").Problem | null} problem
     * @param {string} expr
     */
    update(problem, expr) {
      // Not every API can check queries.
      element.hidden = !problem || problem.kind === "foreign";
      if (!problem) return;
      const found = errorPlace(problem.message, expr);
      put(text, problem.text());
      line.hidden = !found;
      if (!found) return;
      put(before, visible(found.before));
      put(at, visible(found.at) || "▲");
      put(after, visible(found.after));
      attribute(at, "title", say("errorAt", { text: visible(found.text) }));
    },
  };
}

/**
 * answerView shows the result as a chart or a table, with downloads.
 * @param {import("./now.js").ChangeView} changeView
 */
function answerView(changeView) {
  const note = make("p", { class: "muted" });
  const graph = chart("explore", zoomTo(changeView));
  const table = facts("result", [{ label: "series" }, { label: "value", number: true }], maxRows);
  const kinds = [["", "asGraph"], ["1", "asRows"]].map(([value, label]) => {
    const button = make("button", { type: "button" }, say(label));
    button.addEventListener("click", () => changeView((view) => ({ ...view, table: value })));
    return { value, button };
  });
  const asCSV = make("button", { type: "button" }, say("asCSV"));
  const asPNG = make("button", { type: "button" }, say("asPNG"));
  const tools = make("div", { class: "tools" }, make("span", { class: "part", role: "group", "aria-label": say("result") }, ...kinds.map((k) => k.button)), asCSV, asPNG);
  const element = make("div", {}, note, tools, graph.element, table.element);
  /** @type {() => string} */
  let text = () => "";
  asCSV.addEventListener("click", () => download(new Blob([text()], { type: "text/csv;charset=utf-8" }), "tacho.csv"));
  asPNG.addEventListener("click", () => {
    const [canvas, what] = [graph.canvas(), graph.shown()];
    if (canvas && what) saveChart(canvas, what);
  });
  return {
    element,
    /**
     * update shows the result, and returns its problem: "none" if there is none, undefined
     * without a query.
     * @param {import("./now.js").Now} now
     * @returns {import("./api.js").Problem | "none" | undefined}
     */
    update(now) {
      const { expr, table: asRows } = now.view;
      for (const { value, button } of kinds) attribute(button, "aria-pressed", String(value === asRows));
      if (!expr) {
        put(note, say("chooseMetric"));
        for (const part of [tools, graph.element, table.element]) part.hidden = true;
        return undefined;
      }
      const samples = samplesOf(now, expr);
      const span = rangeOf(now, expr);
      if (!samples || !span) return "none";
      if (span.problem) {
        put(note, "");
        for (const part of [tools, graph.element, table.element]) part.hidden = true;
        return span.problem;
      }
      const { times, series } = ended(span.value, samples, now.at);
      const lines = chosenLines(series);
      const drawn = shownOf({ id: "result", unit: unitOf(expr), by: "", expr }, { times, names: lines.map((l) => shorten(visible(l.name), 120)), values: lines.map((l) => l.values) });
      tools.hidden = false;
      asPNG.hidden = Boolean(asRows);
      graph.element.hidden = Boolean(asRows);
      put(note, series.length === 0 ? say("nothingFound") : series.length > maxLines && !asRows ? say("someLines", { n: maxLines, all: series.length }) : say("seriesCount", { n: series.length }));
      if (!asRows) graph.update(drawn);
      table.update(asRows ? samples.map((s) => ({ key: seriesText(s.metric), cells: [seriesText(s.metric), raw(numberOf(s.value?.[1]))] })) : []);
      text = () => (asRows ? csv(samples.map((s) => seriesText(s.metric)), [now.at], samples.map((s) => [numberOf(s.value?.[1])])) : csv(drawn.names, drawn.times, drawn.values));
      return "none";
    },
  };
}

/**
 * metricList lists the metrics that match the filter above it.
 * @param {(metric: import("./explore.js").Metric) => void} chosen
 */
function metricList(chosen) {
  const filter = /** @type {HTMLInputElement} */ (make("input", { id: "metric-filter", type: "search", autocomplete: "off", spellcheck: "false" }));
  const items = make("ul", { class: "metrics" });
  const rest = make("p", { class: "muted" });
  const element = make("div", {}, make("h3", {}, say("exploreMetrics")), make("div", { class: "tools" }, make("label", { for: "metric-filter" }, say("findMetric")), filter), items, rest);
  /** @type {import("./explore.js").Metric[]} */
  let all = [];
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    const found = all.filter((m) => words.every((w) => `${m.name} ${m.type} ${m.help}`.toLowerCase().includes(w)));
    list(items, found.slice(0, maxMetrics).map((metric) => ({ key: metric.name, metric })), (/** @type {{key: string, metric: import("./explore.js").Metric}} */ _) => metricView(chosen));
    rest.hidden = found.length <= maxMetrics;
    put(rest, say("more", { n: found.length - maxMetrics }));
  };
  filter.addEventListener("input", show);
  return {
    element,
    /** @param {import("./explore.js").Metric[]} metrics */
    update(metrics) {
      if (metrics === all) return;
      all = metrics;
      element.hidden = all.length === 0;
      show();
    },
  };
}

/** @param {(metric: import("./explore.js").Metric) => void} chosen */
function metricView(chosen) {
  const name = make("bdi");
  const button = make("button", { type: "button", class: "link" }, name);
  const about = make("span", { class: "muted" });
  /** @type {import("./explore.js").Metric | null} */
  let shown = null;
  button.addEventListener("click", () => { if (shown) chosen(shown); });
  return {
    element: make("li", {}, button, " ", about),
    update(/** @type {{metric: import("./explore.js").Metric}} */ { metric }) {
      shown = metric;
      put(name, visible(metric.name));
      put(about, shorten(visible([metric.type, metric.help].filter(Boolean).join(": ")), 200));
    },
  };
}
