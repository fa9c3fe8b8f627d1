// Explore: a box for a query, the metrics that there are, and the answer as a chart.

import { chart, shownOf } from "./chart.js";
import { make, put } from "./dom.js";
import { chosenLines, csv, mostLines, unitOf } from "./explore.js";
import { shorten, visible } from "./format.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { columns } from "./range.js";
import { zoomTo } from "./trend.js";

/** @param {import("./now.js").ChangeView} changeView */
export function exploreScreen(changeView) {
  const input = /** @type {HTMLInputElement} */ (make("input", { id: "expr", type: "text", autocomplete: "off", spellcheck: "false" }));
  const run = make("button", { type: "submit" }, say("run"));
  const download = /** @type {HTMLAnchorElement} */ (make("a", { download: "tacho.csv" }, say("asCSV")));
  const form = make("form", { class: "tools" }, make("label", { for: "expr" }, say("exploreLabel")), input, run, download);
  const note = make("p", { class: "muted" });
  const problem = make("p", { class: "notice problem", role: "status" });
  const picture = chart("explore", zoomTo(changeView));
  const element = make("section", { id: "explore" }, make("h2", {}, say("explore")), form, note, problem, picture.element);
  problem.hidden = picture.element.hidden = download.hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changeView((view) => ({ ...view, expr: input.value.trim() }));
  });
  return {
    element,
    update(/** @type {import("./now.js").Now} */ now) {
      const { expr } = now.view;
      if (document.activeElement !== input && input.value !== expr) input.value = expr;
      if (!expr) return;
      const answer = rangeOf(now, expr);
      if (!answer) return;
      problem.hidden = !answer.problem;
      picture.element.hidden = download.hidden = Boolean(answer.problem);
      if (answer.problem) return put(problem, answer.problem.text());
      const lines = chosenLines(answer.value.series);
      const shown = shownOf({ id: "answer", unit: unitOf(expr), by: "", expr }, {
        times: columns(answer.value)[0], names: lines.map((l) => shorten(visible(l.name), 120)), values: lines.map((l) => l.values),
      });
      picture.update(shown);
      put(note, answer.value.series.length > mostLines ? say("someLines", { n: mostLines, all: answer.value.series.length }) : "");
      download.href = `data:text/csv;charset=utf-8,${encodeURIComponent(csv(shown.names, shown.times, shown.values))}`;
    },
  };
}
