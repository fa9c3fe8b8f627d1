// How a service, or one of its routes, has been over time: the choice of the span
// and the charts.

import { Problem } from "./api.js";
import { chart, shownOf } from "./chart.js";
import { attribute, list, make, put } from "./dom.js";
import { exemplarQuery } from "./exemplars.js";
import { heat } from "./heat.js";
import { heatView } from "./heatview.js";
import { time, visible } from "./format.js";
import { say } from "./messages.js";
import { compared, lines, panels } from "./panels.js";
import { before, columns, gridOf, presets, within } from "./range.js";
import { tracesView } from "./traces.js";

/**
 * trendView returns the charts of one service.
 * @param {(change: (view: import("./rows.js").View) => import("./rows.js").View) => void} changeView
 */
export function trendView(changeView) {
  const subject = make("strong");
  const whole = make("button", { type: "button" }, say("wholeService"));
  whole.addEventListener("click", () => changeView((view) => ({ ...view, route: "" })));
  const buttons = presets.map(([label, last]) => {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", () => changeView((view) => ({ ...view, span: { last } })));
    return { button, last };
  });
  const compare = make("button", { type: "button" }, say("compare"));
  compare.addEventListener("click", () => changeView((view) => ({ ...view, compare: view.compare ? "" : "1" })));
  const still = make("span", { class: "muted" });
  const problem = make("p", { class: "notice problem", role: "status" });
  const charts = make("div", { class: "charts" });
  const traces = tracesView();
  const element = make("div", { class: "trend" },
    make("div", { class: "tools" }, subject, whole, make("span", { class: "spans", role: "group", "aria-label": say("span") }, ...buttons.map((b) => b.button)), compare, still),
    problem, charts, traces.element);
  problem.hidden = true;

  const drag = (/** @type {number} */ from, /** @type {number} */ to) =>
    changeView((view) => (Number.isNaN(from) ? { ...view, span: { last: 3600 } } : { ...view, span: within(from, to) }));
  let round = 0;
  let last = "";

  return {
    element,
    /**
     * update asks for the charts and shows them. Answers that come when something
     * else has been chosen are left out.
     * @param {{api: any, source: import("./queries.js").Source, subject: import("./panels.js").Subject, view: import("./rows.js").View, every: number, traceURL: string}} wanted
     */
    async update({ api, source, subject: of, view, every, traceURL }) {
      const { span } = view;
      put(subject, of.path === undefined ? say("overTime") : visible(`${of.method} ${of.path}`));
      whole.hidden = of.path === undefined;
      for (const { button, last } of buttons) attribute(button, "aria-pressed", String("last" in span && span.last === last));
      attribute(compare, "aria-pressed", String(view.compare === "1"));
      put(still, "last" in span ? "" : spanText(span));
      const { edges, step } = gridOf(span, Date.now() / 1000, every);
      const asked = panels(of, source, step, every);
      const key = JSON.stringify([asked, edges, step, view.compare]);
      if (key === last) return; // there is nothing new yet
      last = key;
      const mine = ++round;
      try {
        const past = before(edges);
        const askAll = (/** @type {{from: number, to: number}} */ of) => Promise.all(asked.map((panel) =>
          of === past && panel.id === "chartHeat" ? [] : api.range(panel.expr, of, step)));
        const [answers, earlier] = await Promise.all([askAll(edges), view.compare ? askAll(past) : []]);
        if (mine !== round) return;
        problem.hidden = true;
        // Not every API has exemplars.
        api.exemplars(exemplarQuery(of), edges).catch(() => []).then((/** @type {any[]} */ found) => { if (mine === round) traces.update(found, traceURL); });
        list(charts, asked.map((panel, i) => {
          if (panel.id === "chartHeat") return { key: panel.id, shown: { heat: heat(answers[i], edges, step), expr: panel.expr } };
          const found = lines(panel, answers[i]);
          return { key: panel.id, shown: shownOf(panel, found.map((l) => l.name), columns(found, edges, step), lineBefore(panel, earlier[i], past, step)) };
        }), (/** @type {{key: string}} */ { key: panel }) => {
          const one = panel === "chartHeat" ? heatView() : chart(`trend-${of.job}`, drag);
          return { element: one.element, update: (/** @type {any} */ item) => one.update(item.shown) };
        });
      } catch (error) {
        if (mine !== round) return;
        if (!(error instanceof Problem)) throw error;
        last = ""; // and ask again
        problem.hidden = false;
        put(problem, error.text());
      }
    },
  };
}

/** lineBefore is a panel's line of the span before, point by point beside the present ones. */
function lineBefore(/** @type {import("./panels.js").Panel} */ panel, /** @type {any[] | undefined} */ series, /** @type {{from: number, to: number}} */ past, /** @type {number} */ step) {
  if (!series) return null;
  const found = lines(panel, series);
  return compared(panel, found.map((l) => l.name), columns(found, past, step).slice(1));
}

function spanText(/** @type {{from: number, to: number}} */ { from, to }) {
  const now = new Date();
  return say("fromTo", { from: time(new Date(from * 1000), now), to: time(new Date(to * 1000), now) });
}

