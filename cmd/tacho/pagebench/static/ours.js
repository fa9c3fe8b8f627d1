import { chart, shownOf } from "../chart.js";
import { lines } from "../panels.js";
import { begin, columns, later, panels, points, step } from "./data.js";

const all = Array.from({ length: panels }, () => chart("all", () => {}));
document.getElementById("charts").append(...all.map((c) => c.element));
let at = begin;

function draw() {
  all.forEach((c, p) => {
    const panel = { id: "chartRate", unit: "number", by: "line", expr: `panel ${p}` };
    const answer = { start: at, step, count: points, series: columns[p].map((values, s) => ({ metric: { line: `line ${s}` }, values: [...values] })) };
    c.update(shownOf(panel, lines(panel, answer)));
  });
}
draw();
window.tick = () => { later(); at += step; draw(); };
window.ready = true;
