// Explore: a query box, the list of metrics, and the result as a chart or a table.

import { chart, colorOf, shownOf, written } from "./chart.js";
import { errorPlace, placeOfCursor } from "./complete.js";
import { queryBox } from "./completeview.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { asksOf, chosenLines, csv, defaultQuery, ended, groupNames, groupOf, letterOf, maxLines, metricsInOrder, sameOrder, seriesText, statsOf, unitOf } from "./explore.js";
import { facts } from "./facts.js";
import { change, number, shorten, visible } from "./format.js";
import { icon } from "./icons.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { nearView } from "./near.js";
import { rangeOf, samplesOf } from "./now.js";
import { nearest } from "./nearest.js";
import { download, saveChart } from "./png.js";
import { arrows } from "./pop.js";
import { selector } from "./queries.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { zoomTo } from "./trend.js";

learn(laterMessages);

/** Metrics listed, and rows of a table; the rest is counted. */
const [maxMetrics, maxRows] = [60, 200];

/** Names up to which the series of each are counted: on a large server that takes long. */
const maxCounted = 1500;

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
  const form = make("form", { class: "query" }, make("label", { for: "expr", class: "unseen" }, say("exploreLabel")), box.element,
    make("button", { type: "submit", class: "ctl primary" }, icon("play", "s"), say("run")));
  const place = placeView();
  const asks = asksView((expr) => run(expr));
  const answer = answerView(changeView);
  const near = nearView((metric) => run(defaultQuery(metric, matchers(), "5m")));
  const offered = metricList((metric) => run(defaultQuery(metric, matchers(), "5m")));
  const element = make("section", { id: "explore", class: "explore" }, make("h1", { class: "unseen" }, say("explore")), offered.element,
    make("div", { class: "stack" }, make("div", {}, form, place.element, asks.element), answer.element, near.element));
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
      const counted = metrics.length > 0 && (only || metrics.length <= maxCounted) ? now.query({ expr: `count by (__name__) (${only || '{__name__!=""}'})`, at }) : undefined;
      const current = metrics.find((m) => isOf(now.view.expr, m.name));
      offered.update(metrics, counted?.value?.samples ?? [], current?.name ?? "");
      asks.update(now, current ?? null, matchers());
      near.update(now, metrics, answer.lines(), current?.name ?? "", only);
      box.set(now.view.expr);
      const problem = answer.update(now) ?? (checked && checked !== now.view.expr ? now.query({ list: "parse", at: 0, query: checked })?.problem : undefined);
      const text = problem && problem !== "none" ? problem : null;
      place.update(text, document.activeElement === box.input ? box.input.value.trim() : now.view.expr);
      attribute(box.input, "aria-invalid", text ? "true" : "");
      attribute(box.input, "aria-describedby", text ? "expr-problem" : "");
    },
  };
}

/** isOf reports that a query is of a metric. */
const isOf = (/** @type {string} */ expr, /** @type {string} */ name) => new RegExp(`(^|[^\\w:])${name.replace(/[^\w:]/g, "")}(_bucket|_sum|_count)?([^\\w:]|$)`).test(expr);

/** asksView are chips that query the metric in another way. */
function asksView(/** @type {(expr: string) => void} */ run) {
  const chips = make("span", { class: "filters" });
  const element = make("div", { class: "asks" }, say("queryAs"), " ", chips);
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./explore.js").Metric | null} metric
     * @param {string} matchers
     */
    update(now, metric, matchers) {
      // It keeps its place: what is below must not move when the metric is known.
      element.hidden = !now.view.expr;
      element.classList.toggle("unknown", !metric);
      if (!metric) return;
      const series = metric.name + (metric.type === "histogram" && !metric.native && !metric.bare ? "_count" : "");
      const labels = now.query({ list: "labels", at: Math.floor(now.at / listInterval) * listInterval, "match[]": `${series}${matchers}` })?.value ?? [];
      const asks = asksOf(metric, labels, matchers, "5m", now.edges.to - now.edges.from);
      list(chips, asks.map((ask) => ({ ...ask, key: ask.key + (ask.values.label ?? ""), text: say(ask.key, { label: visible(ask.values.label ?? "") }), current: ask.expr === now.view.expr })), () => {
        const button = make("button", { type: "button", class: "chip" });
        button.addEventListener("click", () => run(button.dataset.expr ?? ""));
        return {
          element: button,
          update(/** @type {{text: string, expr: string, current: boolean}} */ ask) {
            put(button, ask.text);
            attribute(button, "data-expr", ask.expr);
            attribute(button, "aria-pressed", String(ask.current));
          },
        };
      });
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
  const note = make("p", { class: "muted note" });
  const graph = chart("explore", zoomTo(changeView));
  const table = facts("result", [{ label: "series" }, { label: "value", number: true }], maxRows);
  const legend = legendTable();
  const kinds = [["", "asGraph", "zoom"], ["1", "asRows", "table"]].map(([value, label, shape]) => {
    const button = make("button", { type: "button", class: "ctl" }, icon(shape, "s"), say(label));
    button.addEventListener("click", () => changeView((view) => ({ ...view, table: value })));
    return { value, button };
  });
  const asCSV = make("button", { type: "button", class: "ctl" }, icon("save", "s"), say("asCSV"));
  const asPNG = make("button", { type: "button", class: "ctl" }, icon("save", "s"), say("asPNG"));
  const tools = make("div", { class: "tools end" }, make("span", { class: "group", role: "group", "aria-label": say("result") }, ...kinds.map((k) => k.button)), asCSV, asPNG);
  const element = make("div", { class: "card answer" }, make("header", {}, make("h2", {}, say("result")), note, tools), graph.element, legend.element, table.element);
  /** @type {(number | null)[][]} */
  let drawnLines = [];
  const steady = sameOrder();
  /** @type {() => string} */
  let text = () => "";
  asCSV.addEventListener("click", () => download(new Blob([text()], { type: "text/csv;charset=utf-8" }), "tacho.csv"));
  asPNG.addEventListener("click", () => {
    const [canvas, what] = [graph.canvas(), graph.shown()];
    if (canvas && what) saveChart(canvas, what);
  });
  return {
    element,
    /** The lines that are drawn. */
    lines: () => drawnLines,
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
        element.hidden = false;
        put(note, say("chooseMetric"));
        for (const part of [tools, graph.element, legend.element, table.element]) part.hidden = true;
        drawnLines = [];
        return undefined;
      }
      const samples = samplesOf(now, expr);
      const span = rangeOf(now, expr);
      if (!samples || !span) return "none";
      element.hidden = Boolean(span.problem);
      if (span.problem) {
        put(note, "");
        for (const part of [tools, graph.element, legend.element, table.element]) part.hidden = true;
        drawnLines = [];
        return span.problem;
      }
      const { times, series } = ended(span.value, samples, now.at);
      const lines = steady(chosenLines(series));
      const drawn = shownOf({ id: "result", unit: unitOf(expr), by: "", expr }, { times, names: lines.map((l) => shorten(visible(l.name), 120)), values: lines.map((l) => l.values) });
      tools.hidden = false;
      asPNG.hidden = Boolean(asRows);
      graph.element.hidden = Boolean(asRows);
      put(note, series.length === 0 ? say("nothingFound") : series.length > maxLines && !asRows ? say("someLines", { n: maxLines, all: series.length }) : say("seriesCount", { n: series.length }));
      drawnLines = drawn.values;
      if (!asRows) graph.update(drawn);
      legend.update(asRows ? null : drawn);
      table.update(asRows ? samples.map((s) => ({ key: seriesText(s.metric), cells: [seriesText(s.metric), raw(numberOf(s.value?.[1]))] })) : []);
      text = () => (asRows ? csv(samples.map((s) => seriesText(s.metric)), [now.at], samples.map((s) => [numberOf(s.value?.[1])])) : csv(drawn.names, drawn.times, drawn.values));
      return "none";
    },
  };
}

/** legendTable is the legend below a chart: each line with its numbers. */
function legendTable() {
  const heads = ["series", "nowColumn", "changeColumn", "mean", "leastColumn", "mostColumn"];
  const body = make("tbody");
  const element = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("result") },
    make("table", { class: "dense legendtable" }, make("thead", {}, make("tr", {}, ...heads.map((h, i) => make("th", { scope: "col", class: i ? "n" : "" }, say(h))))), body));
  return {
    element,
    update(/** @type {import("./chart.js").Shown | null} */ shown) {
      element.hidden = !shown || shown.names.length === 0;
      if (!shown) return;
      list(body, shown.names.map((name, i) => ({ key: name, name, i, shown })), legendRow);
    },
  };
}

function legendRow() {
  const swatch = svg("path", { d: "M0 4h12", "stroke-width": 2.4, fill: "none" });
  const name = make("span", { class: "route" });
  const cells = Array.from({ length: 5 }, () => make("td", { class: "n" }));
  return {
    element: make("tr", {}, make("td", { class: "nw" }, svg("svg", { class: "key", viewBox: "0 0 12 8", "aria-hidden": "true" }, swatch), " ", name), ...cells),
    update(/** @type {{name: string, i: number, shown: import("./chart.js").Shown}} */ { name: text, i, shown }) {
      attribute(swatch, "class", `l${colorOf(text, i).slice(-1)}`);
      put(name, text || say("allSeries"));
      const { now, first, mean, least, most } = statsOf(shown.values[i]);
      [written(shown.unit, now), change(now, first), ...[mean, least, most].map((n) => written(shown.unit, n))].forEach((textOf, at) => put(cells[at], textOf));
    },
  };
}

/**
 * metricList is the rail of metrics by their origin, which the filter above narrows.
 * @param {(metric: import("./explore.js").Metric) => void} chosen
 */
function metricList(chosen) {
  const filter = /** @type {HTMLInputElement} */ (make("input", { id: "metric-filter", type: "text", autocomplete: "off", spellcheck: "false", "data-filter": "", placeholder: say("findMetric"), "aria-label": say("findMetric") }));
  const sections = make("div");
  const none = make("p", { class: "foot" });
  const element = make("aside", { class: "card rail", "aria-label": say("exploreMetrics") }, make("div", { class: "field" }, icon("search", "s"), filter, make("kbd", {}, "/")), sections, none);
  arrows(element, "input, li a");
  /** @type {import("./explore.js").Metric[]} */
  let all = [];
  /** @type {Map<string, number>} */
  let counts = new Map();
  let current = "";
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    const found = all.filter((m) => words.every((w) => `${m.name} ${m.type} ${m.help}`.toLowerCase().includes(w)));
    const shown = groupNames.map((key) => ({ key, metrics: found.filter((m) => groupOf(m.name) === key) })).filter((g) => g.metrics.length > 0);
    list(sections, shown.map((group) => ({ ...group, counts, current })), () => metricGroup(chosen));
    const close = found.length === 0 && filter.value ? nearest(filter.value.trim(), all.map((m) => m.name)) : "";
    put(none, found.length > 0 || all.length === 0 ? "" : close ? say("didYouMean", { name: close }) : say("noMetric"));
    none.hidden = !none.textContent;
  };
  filter.addEventListener("input", show);
  return {
    element,
    /**
     * @param {import("./explore.js").Metric[]} metrics
     * @param {import("./model.js").Sample[]} counted series by name
     * @param {string} name of the one that is shown
     */
    update(metrics, counted, name) {
      if (metrics === all && name === current && counted.length === counts.size) return;
      all = metrics;
      current = name;
      counts = new Map(counted.map((s) => [s.metric.__name__ ?? "", numberOf(s.value[1])]));
      element.hidden = all.length === 0;
      show();
    },
  };
}

function metricGroup(/** @type {(metric: import("./explore.js").Metric) => void} */ chosen) {
  const title = make("span", { class: "title" });
  const count = make("span");
  const items = make("ul");
  const rest = make("p", { class: "foot" });
  return {
    element: make("div", {}, make("h3", {}, title, count), items, rest),
    update(/** @type {{key: string, metrics: import("./explore.js").Metric[], counts: Map<string, number>, current: string}} */ { key, metrics, counts, current }) {
      put(title, say(key));
      put(count, String(metrics.length));
      list(items, metrics.slice(0, maxMetrics).map((metric) => ({ key: metric.name, metric, count: seriesOf(metric, counts), current: metric.name === current })), () => metricView(chosen));
      rest.hidden = metrics.length <= maxMetrics;
      put(rest, say("more", { n: metrics.length - maxMetrics }));
    },
  };
}

/** seriesOf is how many series a metric has; those of a histogram are counted by its sum. */
const seriesOf = (/** @type {import("./explore.js").Metric} */ { name }, /** @type {Map<string, number>} */ counts) => counts.get(name) ?? counts.get(`${name}_count`) ?? counts.get(`${name}_bucket`);

/** @param {(metric: import("./explore.js").Metric) => void} chosen */
function metricView(chosen) {
  const kind = make("span", { class: "kind" });
  const name = make("bdi", { class: "name" });
  const count = make("span", { class: "c" });
  const link = make("a", { href: "#", "data-row": "" }, kind, name, count);
  /** @type {import("./explore.js").Metric | null} */
  let shown = null;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (shown) chosen(shown);
  });
  return {
    element: make("li", {}, link),
    update(/** @type {{metric: import("./explore.js").Metric, count: number | undefined, current: boolean}} */ item) {
      shown = item.metric;
      put(kind, letterOf(item.metric));
      put(name, visible(item.metric.name));
      put(count, item.count === undefined ? "" : number(item.count));
      attribute(link, "aria-current", item.current ? "true" : "");
      attribute(link, "title", shorten(visible([item.metric.name, item.metric.type, item.metric.help].filter(Boolean).join(" · ")), 300));
    },
  };
}
