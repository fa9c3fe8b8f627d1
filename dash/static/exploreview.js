// Explore: a query box, the list of metrics, and the result as a chart or a table.

import { cardinalityView } from "./cardinality.js";
import { chart, colorOf, shownOf, written } from "./chart.js";
import { styleOf } from "./lines.js";
import { csv } from "./csv.js";
import { errorPlace, placeOfCursor } from "./complete.js";
import { queryBox } from "./completeview.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { asksOf, defaultQuery, groupNames, groupOf, letterOf, metricsInOrder, sameOrder, seriesText, statsOf, unitOf } from "./explore.js";
import { facts } from "./facts.js";
import { change, number, shorten, visible } from "./format.js";
import { historyView } from "./history.js";
import { icon } from "./icons.js";
import { lacking, lacks } from "./lacks.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { nearView } from "./near.js";
import { rangeOf, samplesOf } from "./now.js";
import { nearest } from "./nearest.js";
import { download } from "./download.js";
import { saveChart } from "./png.js";
import { arrows } from "./pop.js";
import { selector } from "./queries.js";
import { letterView, queryRows, removeView } from "./queryrows.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { letters, queriesOf, together, viewOf } from "./several.js";
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

/** @typedef {import("./queryrows.js").Box} Box */

/** @param {import("./now.js").ChangeView} changeView */
export function exploreScreen(changeView) {
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  /** @type {import("./explore.js").Metric[]} */
  let metrics = [];
  let checked = "";
  /**
   * What the box waits for.
   * @type {{kind: string, label: string, box: Box} | null}
   */
  let wanted = null;
  /** @type {import("./cache.js").Result[]} */
  let seen = [];
  let timer = 0;

  /** The query that the list of metrics and the chips write: the last that had the focus. */
  let active = 0;

  const box = queryBox({ id: "expr", known: (text, cursor) => known(text, cursor, box), changed: () => changed(box), submit: () => run(box.input.value.trim(), 0) });
  /** The box that was written into last. */
  let writing = box;
  box.input.addEventListener("focus", () => { active = 0; });
  const letter = letterView(hide);
  const removeFirst = removeView(() => remove(0));
  const form = make("form", { class: "query" }, letter.element, make("label", { for: "expr", class: "unseen" }, say("exploreLabel")), box.element,
    make("button", { type: "submit", class: "ctl primary" }, icon("play", "s"), say("run")), removeFirst.element);
  const rows = queryRows({ known, changed, submit: (i, expr) => run(expr, i), focus: (i) => { active = i; }, hide, remove });
  const add = make("button", { type: "button", class: "chip", id: "add-query" }, say("addQuery"));
  const history = historyView((expr) => run(expr));
  const place = placeView();
  const asks = asksView((expr) => run(expr));
  const answer = answerView(changeView);
  const near = nearView((metric) => run(defaultQuery(metric, matchers(), "5m")));
  const cardinality = cardinalityView();
  const offered = metricList((metric) => run(defaultQuery(metric, matchers(), "5m")));
  const element = make("section", { id: "explore", class: "explore" }, make("h1", { class: "unseen" }, say("explore")), offered.element,
    make("div", { class: "stack" }, make("div", {}, form, rows.element, place.element, make("div", { class: "asks" }, add, history.button), history.element, asks.element), answer.element, near.element, cardinality.element));
  form.addEventListener("submit", (event) => { event.preventDefault(); run(box.input.value.trim(), 0); });
  add.addEventListener("click", () => {
    change((queries) => [...queries, { expr: "", hidden: false }]);
    /** @type {HTMLElement | null} */ (rows.element.querySelector("form:last-child textarea"))?.focus();
  });

  /** run runs a query, in place of the active one or another. */
  function run(/** @type {string} */ expr, at = active) {
    if (document.activeElement instanceof HTMLTextAreaElement) document.activeElement.blur();
    history.add(expr);
    change((queries) => queries.map((q, i) => (i === Math.min(at, queries.length - 1) ? { expr, hidden: false } : q)));
  }

  /** change changes the queries of the view. */
  function change(/** @type {(queries: {expr: string, hidden: boolean}[]) => {expr: string, hidden: boolean}[]} */ to) {
    changeView((view) => {
      const next = { ...view, ...viewOf(to(queriesOf(view))) };
      showQueries(queriesOf(next));
      return next;
    });
  }

  function hide(/** @type {string} */ name) {
    change((queries) => queries.map((q, i) => (letters[i] === name ? { ...q, hidden: !q.hidden } : q)));
  }

  function remove(/** @type {number} */ at) {
    active = 0;
    change((queries) => queries.filter((_, i) => i !== at));
  }

  /** showQueries shows the boxes; a query that is alone needs no letter. */
  function showQueries(/** @type {import("./several.js").Query[]} */ queries) {
    const alone = queries.length === 1;
    for (const part of [letter, removeFirst]) part.element.hidden = alone;
    add.hidden = queries.length >= letters.length;
    letter.update(queries[0]);
    removeFirst.update(letters[0]);
    box.set(queries[0].expr);
    rows.update(queries);
  }

  /** A selected service narrows the list. */
  function matchers() {
    const service = shown?.services.find((s) => placeOf(s) === shown?.view.open);
    return service ? selector([["job", "=", service.job]]) : "";
  }

  /** known are the names to complete from; missing ones are fetched. */
  function known(/** @type {string} */ text, /** @type {number} */ cursor, /** @type {Box} */ of) {
    const { kind, label } = placeOfCursor(text, cursor);
    const fetchList = (/** @type {{list: string, label?: string}} */ query) => shown?.query({ ...query, at: Math.floor((shown?.at ?? 0) / listInterval) * listInterval });
    const labels = kind === "label" ? fetchList({ list: "labels" }) : null;
    const values = kind === "value" ? fetchList({ list: "values", label }) : null;
    if (labels === undefined || values === undefined) {
      wanted = { kind, label, box: of };
      shown?.refresh();
    }
    return { metrics, labels: labels?.value ?? [], values: values?.value ?? [] };
  }
  function changed(/** @type {Box} */ of) {
    clearTimeout(timer);
    writing = of;
    timer = setTimeout(() => { checked = of.input.value.trim(); shown?.refresh(); }, quiet);
  }

  return {
    element,
    /** @param {import("./now.js").Now} now */
    update(now) {
      shown = now;
      const at = Math.floor(now.at / listInterval) * listInterval;
      const only = matchers();
      const names = now.query({ list: "metricNames", at, ...(only ? { "match[]": only } : {}) });
      const about = lacks(now, "metadata") ? noMetadata : now.query({ list: "metadata", at });
      if (names && about && (names !== seen[0] || about !== seen[1])) {
        seen = [names, about];
        metrics = metricsInOrder(names.value ?? [], about.value ?? {});
      }
      if (wanted) {
        const { kind, label, box: of } = wanted;
        const there = now.query(kind === "label" ? { list: "labels", at } : { list: "values", label, at });
        if (there) {
          wanted = null;
          if (document.activeElement === of.input) of.offer();
        }
      }
      const counted = metrics.length > 0 && (only || metrics.length <= maxCounted) ? now.query({ expr: `count by (__name__) (${only || '{__name__!=""}'})`, at }) : undefined;
      const queries = queriesOf(now.view);
      const chosen = queries[Math.min(active, queries.length - 1)].expr;
      const current = metrics.find((m) => isOf(chosen, m.name));
      offered.update(metrics, counted?.value?.samples ?? [], current?.name ?? "", lacking(now, "metadata"));
      asks.update(now, current ?? null, matchers(), chosen);
      near.update(now, metrics, answer.lines(), current?.name ?? "", only);
      cardinality.update(now, jobOf(now));
      showQueries(queries);
      const failed = answer.update(now, queries);
      const own = checked && checked === writing.input.value.trim() && !queries.some((q) => q.expr === checked) && !lacks(now, "parse_query") ? now.query({ list: "parse", at: 0, query: checked })?.problem : undefined;
      const typed = document.activeElement === writing.input ? writing.input.value.trim() : "";
      place.update(failed?.problem ?? own ?? null, failed?.query.expr ?? (typed || checked), queries.length > 1 ? failed?.query.letter ?? "" : "");
      const wrong = failed ? failed.query.letter === letters[0] : own && writing === box;
      attribute(box.input, "aria-invalid", wrong ? "true" : "");
      attribute(box.input, "aria-describedby", wrong ? "expr-problem" : "");
    },
  };
}

/** noMetadata is the answer of an engine that has none. */
const noMetadata = { value: {} };

/** jobOf is the job of the selected or the only service; "" if there are several. */
const jobOf = (/** @type {import("./now.js").Now} */ { services, view }) => (services.length === 1 ? services[0] : services.find((s) => placeOf(s) === view.open))?.job ?? "";

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
     * @param {string} expr the query that they replace
     */
    update(now, metric, matchers, expr) {
      // It keeps its place: what is below must not move when the metric is known.
      element.hidden = !expr;
      element.classList.toggle("unknown", !metric);
      if (!metric) return;
      const series = metric.name + (metric.type === "histogram" && !metric.native && !metric.bare ? "_count" : "");
      const labels = now.query({ list: "labels", at: Math.floor(now.at / listInterval) * listInterval, "match[]": `${series}${matchers}` })?.value ?? [];
      const asks = asksOf(metric, labels, matchers, "5m", now.edges.to - now.edges.from);
      list(chips, asks.map((ask) => ({ ...ask, key: ask.key + (ask.values.label ?? ""), text: say(ask.key, { label: visible(ask.values.label ?? "") }), current: ask.expr === expr })), () => {
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
     * @param {string} letter of the query, if there are several
     */
    update(problem, expr, letter) {
      // Not every API can check queries.
      element.hidden = !problem || problem.kind === "foreign";
      if (!problem) return;
      const found = errorPlace(problem.message, expr);
      put(text, letter ? say("problemOf", { letter, text: problem.text() }) : problem.text());
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
     * update shows the results of the queries that are not hidden, and returns the first that failed.
     * @param {import("./now.js").Now} now
     * @param {import("./several.js").Query[]} queries
     * @returns {{query: import("./several.js").Query, problem: import("./api.js").Problem} | undefined}
     */
    update(now, queries) {
      const asRows = now.view.table;
      for (const { value, button } of kinds) attribute(button, "aria-pressed", String(value === asRows));
      const asked = queries.filter((q) => q.expr && !q.hidden);
      if (asked.length === 0) {
        showNothing(false, say("chooseMetric"));
        return undefined;
      }
      const results = asked.map((query) => ({ query, samples: samplesOf(now, query.expr), range: rangeOf(now, query.expr) }));
      if (results.some((r) => !r.samples || !r.range)) return undefined;
      const failed = results.find((r) => r.range?.problem);
      const answers = results.filter((r) => r.range?.value).map((r) => ({ letter: queries.length > 1 ? r.query.letter : "", range: r.range?.value, samples: r.samples ?? [] }));
      if (answers.length === 0) showNothing(true, "");
      else show(now, asked.map((q) => q.expr), answers);
      return failed?.range?.problem && { query: failed.query, problem: failed.range.problem };
    },
  };

  /** showNothing shows a hint, or no card at all. */
  function showNothing(/** @type {boolean} */ hidden, /** @type {string} */ hint) {
    element.hidden = hidden;
    put(note, hint);
    for (const part of [tools, graph.element, legend.element, table.element]) part.hidden = true;
    drawnLines = [];
  }

  function show(/** @type {import("./now.js").Now} */ now, /** @type {string[]} */ exprs, /** @type {import("./several.js").Answer[]} */ answers) {
    const asRows = now.view.table;
    const { times, lines: found, n } = together(answers, now.at);
    const lines = steady(found);
    const units = [...new Set(exprs.map(unitOf))];
    const drawn = shownOf({ id: "result", unit: units.length === 1 ? units[0] : "number", by: "", expr: exprs.join("\n") }, { times, names: lines.map((l) => shorten(visible(l.name), 120)), values: lines.map((l) => l.values) });
    element.hidden = tools.hidden = false;
    asPNG.hidden = graph.element.hidden = Boolean(asRows);
    put(note, n === 0 ? say("nothingFound") : n > lines.length && !asRows ? say("someLines", { n: lines.length, all: n }) : say("seriesCount", { n }));
    drawnLines = drawn.values;
    if (!asRows) graph.update(drawn);
    legend.update(asRows ? null : drawn);
    const rows = answers.flatMap(({ letter, samples }) => samples.map((s) => ({ name: `${letter} ${seriesText(s.metric)}`.trim(), value: numberOf(s.value?.[1]) })));
    table.update(asRows ? rows.map(({ name, value }) => ({ key: name, cells: [name, raw(value)] })) : []);
    text = () => (asRows ? csv(rows.map((r) => r.name), [now.at], rows.map((r) => [r.value])) : csv(drawn.names, drawn.times, drawn.values));
  }
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
      attribute(swatch, "stroke-dasharray", styleOf(shown, i).dash.join(" "));
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
  const guessed = make("p", { class: "foot" });
  const element = make("aside", { class: "card rail", "aria-label": say("exploreMetrics") }, make("div", { class: "field" }, icon("search", "s"), filter, make("kbd", {}, "/")), sections, none, guessed);
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
     * @param {string} why the metrics have no descriptions
     */
    update(metrics, counted, name, why) {
      put(guessed, why);
      guessed.hidden = !why;
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
