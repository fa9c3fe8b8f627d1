// The charts of a service or one of its routes: their answers, as the cards show them.

import { shownOf } from "./lines.js";
import { nothingOver, rangeOf, samplesOf } from "./now.js";
import { compared, lines } from "./panels.js";
import { firstSpan, shiftOf, within } from "./range.js";

/**
 * The addresses after zooms: while it is one of them, Escape goes back.
 * @type {string[]}
 */
const zoomed = [];

/**
 * zoomTo selects the range of a drag for all charts. NaN resets it.
 * @param {import("./now.js").ChangeView} changeView
 */
export const zoomTo = (changeView) => (/** @type {number} */ from, /** @type {number} */ to) => {
  changeView((view) => ({ ...view, span: Number.isNaN(from) ? firstSpan() : within(from, to) }));
  zoomed.push(location.hash);
};

/** unzoom goes back from a zoom. */
export function unzoom() {
  const i = zoomed.lastIndexOf(location.hash);
  if (i < 0) return;
  zoomed.length = i;
  history.back();
}

/**
 * answerOf runs all queries of a panel; undefined until the results are there.
 * @param {import("./now.js").Now} now
 * @param {import("./panels.js").Panel} panel
 * @returns {{panel: import("./panels.js").Panel, shown?: import("./lines.js").Shown, problem?: import("./api.js").Problem} | undefined}
 */
export function answerOf(now, panel) {
  const { view, edges, at } = now;
  const answer = rangeOf(now, panel.expr);
  const ends = samplesOf(now, panel.end);
  const earlier = view.compare && panel.compared !== false ? rangeOf(now, panel.expr, shiftOf(view.compare, edges)) : { value: null };
  if (!answer || !ends || !earlier) return undefined;
  if (answer.problem) return { panel, problem: answer.problem };
  const found = lines(panel, answer.value ?? nothingOver(now), ends, at);
  return { panel, shown: shownOf(panel, found, earlier.value && lineBefore(panel, earlier.value)) };
}

/** lineBefore is a panel's line of the earlier span, point by point beside the present ones. */
function lineBefore(/** @type {import("./panels.js").Panel} */ panel, /** @type {import("./api.js").Range} */ answer) {
  const { names, values } = lines(panel, answer);
  return compared(panel, names, values);
}
