// The heatmap of latencies, drawn on a canvas: uPlot has none.

import { whenThemeChanges } from "./chart.js";
import { color } from "./colors.js";
import { attribute, make, put } from "./dom.js";
import { latency, rate, time } from "./format.js";
import { shade, usual } from "./heat.js";
import { say } from "./messages.js";

const height = 150;
const left = 64; // as wide as the axes of the other charts
const foot = 18;

/** heatView returns an empty heatmap. */
export function heatView() {
  const title = make("h3");
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { role: "img", class: "heat" }));
  const under = make("p", { class: "muted" });
  const code = make("code");
  const table = make("table", { class: "points" });
  const more = /** @type {HTMLDetailsElement} */ (make("details", {}, make("summary", {}, say("asTable")), make("p", {}, code), table));
  const element = make("figure", { class: "chart" }, title, canvas, under, more);
  /** @type {import("./heat.js").Heat | null} */
  let shown = null;

  function draw() {
    if (!shown || shown.rows.length === 0 || canvas.clientWidth === 0) return;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(scale, scale);
    drawCells(context, shown, width);
    drawAxes(context, shown, width);
  }

  more.addEventListener("toggle", () => { if (shown && more.open) fillTable(table, shown); });
  /** What the pointer is over is said below. */
  canvas.addEventListener("pointermove", (event) => put(under, shown ? cellText(shown, event.offsetX, event.offsetY, canvas.clientWidth) : ""));
  canvas.addEventListener("pointerleave", () => put(under, shown ? summary(shown) : ""));
  new ResizeObserver(draw).observe(canvas);
  whenThemeChanges(draw);

  return {
    element,
    /** @param {{heat: import("./heat.js").Heat, expr: string}} now */
    update({ heat, expr }) {
      shown = heat;
      const any = heat.rows.length > 0;
      put(title, say("chartHeat"));
      put(code, expr);
      canvas.hidden = more.hidden = !any;
      put(under, any ? summary(heat) : say("noPoints"));
      attribute(canvas, "aria-label", `${say("chartHeat")}: ${any ? summary(heat) : say("noPoints")}`);
      if (!any) return;
      draw();
      if (more.open) fillTable(table, heat);
    },
  };
}

/** rowText is a bucket in words. */
function rowText(/** @type {import("./heat.js").Heat} */ h, /** @type {number} */ r) {
  const from = r > 0 ? h.bounds[r - 1] : h.floor;
  return h.bounds[r] === Infinity ? say("slowerThan", { from: latency(from) }) : `${latency(from)} – ${latency(h.bounds[r])}`;
}

function summary(/** @type {import("./heat.js").Heat} */ h) {
  const r = usual(h);
  return r < 0 ? say("noPoints") : say("mostAre", { bucket: rowText(h, r) });
}

function cellText(/** @type {import("./heat.js").Heat} */ h, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ width) {
  const i = Math.floor((x - left) / (width - left) * h.times.length);
  const r = h.rows.length - 1 - Math.floor(y / (height - foot) * h.rows.length);
  const v = h.rows[r]?.[i];
  if (v === undefined) return summary(h);
  return `${time(new Date(h.times[i] * 1000), new Date())} ${rowText(h, r)}: ${v === null ? say("noPoints") : `${rate(v)} ${say("rateUnit")}`}`;
}

function drawCells(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./heat.js").Heat} */ h, /** @type {number} */ width) {
  context.clearRect(0, 0, width, height);
  context.fillStyle = color("--c1");
  const [w, tall] = [(width - left) / h.times.length, (height - foot) / h.rows.length];
  h.rows.forEach((row, r) => row.forEach((v, i) => {
    if (v === null) return;
    context.globalAlpha = shade(v, h.most);
    context.fillRect(left + i * w, (h.rows.length - 1 - r) * tall, w + 0.5, tall - 1);
  }));
  context.globalAlpha = 1;
}

function drawAxes(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./heat.js").Heat} */ h, /** @type {number} */ width) {
  context.fillStyle = color("--text-3");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  const tall = (height - foot) / h.rows.length;
  const every = Math.ceil(18 / tall); // the topmost label moves down by 6
  h.bounds.forEach((bound, r) => {
    if (r % every === 0 && bound !== Infinity) context.fillText(latency(bound), left - 6, (h.rows.length - 1 - r) * tall + 4 + (r === h.rows.length - 1 ? 6 : 0));
  });
  const now = new Date();
  for (const [i, align] of /** @type {[number, CanvasTextAlign][]} */ ([[0, "left"], [h.times.length - 1, "right"]])) {
    context.textAlign = align;
    context.fillText(time(new Date(h.times[i] * 1000), now), i === 0 ? left : width, height - 4);
  }
}

/** fillTable shows the newest column. */
function fillTable(/** @type {Element} */ table, /** @type {import("./heat.js").Heat} */ h) {
  const rows = h.rows.map((row, r) => make("tr", {}, make("td", {}, rowText(h, r)), make("td", { class: "number" }, rate(row.findLast((v) => v !== null) ?? NaN))));
  table.replaceChildren(make("tbody", {}, ...rows.reverse()));
}
