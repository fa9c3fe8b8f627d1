// The charts of a service, or of one of its routes.

import { chart, shownOf } from "./chart.js";
import { list, make, put } from "./dom.js";
import { heat, nativeHeat } from "./heat.js";
import { heatView } from "./heatview.js";
import { say } from "./messages.js";
import { nothingOver, rangeOf, samplesOf } from "./now.js";
import { compared, endsOf, lines, nativeQuery, panels } from "./panels.js";
import { firstSpan, shiftOf, within } from "./range.js";

/**
 * zoomTo selects the range of a drag for all charts. NaN resets it.
 * @param {import("./now.js").ChangeView} changeView
 */
export const zoomTo = (changeView) => (/** @type {number} */ from, /** @type {number} */ to) =>
  changeView((view) => ({ ...view, span: Number.isNaN(from) ? firstSpan() : within(from, to) }));

/**
 * trendView returns the charts of one subject.
 * @param {import("./now.js").ChangeView} changeView
 */
export function trendView(changeView) {
  const problem = make("p", { class: "notice problem", role: "status" });
  const charts = make("div", { class: "charts" });
  const element = make("div", { class: "trend" }, problem, charts);
  problem.hidden = true;
  return {
    element,
    /**
     * update shows the charts once all results are there, and returns their last values by
     * the ID of the tile; null until then.
     * @param {import("./now.js").Now} now
     * @param {import("./queries.js").Subject} subject
     * @param {import("./marks.js").Mark[]} marks
     * @returns {Record<string, number> | null}
     */
    update(now, subject, marks) {
      const { source, step, every } = now;
      const answers = panels(subject, source, step, every).map((panel) => answerOf(now, subject, panel));
      const wrong = answers.find((a) => a?.problem)?.problem;
      problem.hidden = !wrong;
      put(problem, wrong?.text() ?? "");
      if (answers.some((a) => !a)) return null;
      // Not every service reports its saturation.
      const told = answers.filter((a) => a && !a.problem && !(a.panel.id === "chartSaturation" && a.shown.names.length === 0));
      list(charts, told.map((a) => ({ key: a?.panel.id ?? "", .../** @type {any} */ (a), marks })), ({ key }) => panelView(key, changeView));
      return endsOf(/** @type {any[]} */ (told));
    },
  };
}

/**
 * answerOf runs all queries of a panel; undefined until the results are there.
 * @returns {{panel: import("./panels.js").Panel, shown?: any, problem?: import("./api.js").Problem} | undefined}
 */
function answerOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./queries.js").Subject} */ subject, /** @type {import("./panels.js").Panel} */ panel) {
  const { view, edges, at } = now;
  if (panel.id === "chartHeat") return heatAnswer(now, subject, panel);
  const answer = rangeOf(now, panel.expr);
  const ends = samplesOf(now, panel.end);
  const earlier = view.compare ? rangeOf(now, panel.expr, shiftOf(view.compare, edges)) : { value: null };
  if (!answer || !ends || !earlier) return undefined;
  if (answer.problem) return { panel, problem: answer.problem };
  const found = lines(panel, answer.value ?? nothingOver(now), ends, at);
  return { panel, shown: shownOf(panel, found, earlier.value && lineBefore(panel, earlier.value)) };
}

/** heatAnswer prefers native histograms, whose buckets are finer; others are asked for only where there are none. */
function heatAnswer(/** @type {import("./now.js").Now} */ now, /** @type {import("./queries.js").Subject} */ subject, /** @type {import("./panels.js").Panel} */ panel) {
  const native = nativeQuery(subject, now.step);
  const finer = rangeOf(now, native);
  if (!finer) return undefined;
  const found = finer.value && nativeHeat(finer.value);
  if (found) return { panel, shown: { heat: found, expr: native } };
  const answer = rangeOf(now, panel.expr);
  if (!answer) return undefined;
  if (answer.problem) return { panel, problem: answer.problem };
  return { panel, shown: { heat: heat(answer.value ?? nothingOver(now)), expr: panel.expr } };
}

function panelView(/** @type {string} */ id, /** @type {import("./now.js").ChangeView} */ changeView) {
  const one = id === "chartHeat" ? heatView() : chart("trend", zoomTo(changeView));
  return {
    element: one.element,
    update(/** @type {any} */ { shown, marks }) { one.update(shown, marks); },
  };
}

/** lineBefore is a panel's line of the earlier span, point by point beside the present ones. */
function lineBefore(/** @type {import("./panels.js").Panel} */ panel, /** @type {import("./api.js").Range} */ answer) {
  const { names, values } = lines(panel, answer);
  return compared(panel, names, values);
}
