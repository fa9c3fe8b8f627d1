// Explore: a box for a query, the metrics that there are, and the answer as a chart.

import { Problem } from "./api.js";
import { chart, shownOf } from "./chart.js";
import { byId, make, put } from "./dom.js";
import { chosenLines, csv, defaultQuery, metricsInOrder, mostLines, unitOf } from "./explore.js";
import { shorten, visible } from "./format.js";
import { say } from "./messages.js";
import { columns, gridOf, within } from "./range.js";

/**
 * exploreView fills the section with the id explore.
 * @param {(change: (view: import("./rows.js").View) => import("./rows.js").View) => void} changeView
 */
export function exploreView(changeView) {
  const input = /** @type {HTMLInputElement} */ (make("input", { id: "expr", type: "text", list: "metric-names", autocomplete: "off", spellcheck: "false" }));
  const names = make("datalist", { id: "metric-names" });
  const run = make("button", { type: "submit" }, say("run"));
  const download = /** @type {HTMLAnchorElement} */ (make("a", { download: "tacho.csv" }, say("asCSV")));
  const form = make("form", { class: "tools" }, make("label", { for: "expr" }, say("exploreLabel")), input, names, run, download);
  const note = make("p", { class: "muted" });
  const problem = make("p", { class: "notice problem", role: "status" });
  const picture = chart("explore", (from, to) => changeView((view) => (Number.isNaN(from) ? view : { ...view, span: within(from, to) })));
  const box = /** @type {HTMLDetailsElement} */ (make("details", {},
    make("summary", {}, make("h2", {}, say("explore"))), form, note, problem, picture.element));
  byId("explore").replaceChildren(box);
  /** @type {Map<string, {name: string, type: string, help: string}>} */
  let known = new Map();
  let last = "";
  let round = 0;
  /** @type {any} */
  let now = null;
  problem.hidden = picture.element.hidden = download.hidden = true;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changeView((view) => ({ ...view, expr: input.value.trim() }));
  });
  // A metric that is chosen from the list becomes a query.
  input.addEventListener("change", () => {
    const metric = known.get(input.value.trim());
    if (!metric) return;
    input.value = defaultQuery(metric, "", "5m");
    put(note, visible([metric.type, metric.help].filter(Boolean).join(": ")));
    changeView((view) => ({ ...view, expr: input.value }));
  });
  box.addEventListener("toggle", () => { if (box.open) void list(); });

  /** list asks once which metrics there are. */
  async function list() {
    if (known.size > 0 || !now) return;
    const [all, metadata] = await Promise.all([now.api.metricNames(), now.api.metadata()]).catch(() => [[], {}]);
    const metrics = metricsInOrder(all, metadata);
    known = new Map(metrics.map((m) => [m.name, m]));
    names.replaceChildren(...metrics.map((m) => make("option", { value: m.name, label: `${m.name} (${m.type})` })));
  }

  async function ask() {
    const { api, view, every } = now;
    const { edges, step } = gridOf(view.span, Date.now() / 1000, every);
    const key = JSON.stringify([view.expr, edges]);
    if (key === last) return;
    last = key;
    const mine = ++round;
    try {
      const series = await api.range(view.expr, edges, step);
      if (mine !== round) return;
      const lines = chosenLines(series);
      const shown = shownOf({ id: "answer", unit: unitOf(view.expr), by: "", expr: view.expr }, lines.map((l) => shorten(visible(l.name), 120)), columns(lines, edges, step));
      picture.element.hidden = false;
      picture.update(shown);
      problem.hidden = true;
      put(note, series.length > mostLines ? say("someLines", { n: mostLines, all: series.length }) : "");
      download.hidden = false;
      download.href = `data:text/csv;charset=utf-8,${encodeURIComponent(csv(shown.names, shown.times, shown.values))}`;
    } catch (error) {
      if (mine !== round) return;
      if (!(error instanceof Problem)) throw error;
      problem.hidden = false;
      picture.element.hidden = download.hidden = true;
      put(problem, error.text());
    }
  }

  return {
    /** @param {{api: any, view: import("./rows.js").View, every: number}} wanted */
    update(wanted) {
      now = wanted;
      byId("explore").hidden = false;
      const { expr } = wanted.view;
      if (expr && !box.open && last === "") box.open = true; // the address asks for it
      if (document.activeElement !== input && input.value !== expr && expr) input.value = expr;
      if (box.open && expr) void ask();
    },
  };
}
