// The heatmap of latencies, drawn on a canvas: uPlot has none. It has the box and the crosshair of the charts.

import { boxOf, cellsOf, formatBox, parseBox } from "./box.js";
import { boxText, boxView } from "./boxview.js";
import { card, nothing, tools } from "./card.js";
import { queryBox } from "./chart.js";
import { color } from "./colors.js";
import { momentOf, nearest, pin, point } from "./cursor.js";
import { attribute, make, svg } from "./dom.js";
import { clock, latency, minute, rate, time } from "./format.js";
import { groups, heat, nativeHeat, shadeOf, usual } from "./heat.js";
import { heatDrag, placeOf as placeOfCells } from "./heatdrag.js";
import { roundTimes } from "./lanes.js";
import { lacking, lacks } from "./lacks.js";
import { drawMark } from "./marks.js";
import { say } from "./messages.js";
import { nothingOver, rangeOf } from "./now.js";
import { nativeQuery, panels } from "./panels.js";
import { labelFont, whenThemeChanges } from "./plot.js";
import { tip } from "./tip.js";
import { zoomTo } from "./trend.js";

/** Pixels around the cells, as around the charts. */
const [left, foot, above, beside] = [62, 26, 8, 14];

/** @param {import("./now.js").ChangeView} changeView */
export function heatView(changeView) {
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { role: "img", "aria-label": say("chartHeat"), tabindex: "0" }));
  const bubble = tip();
  const empty = nothing("wait");
  const plane = make("div", { class: "chart tall heat" }, canvas, bubble.element, empty.element);
  const code = queryBox();
  const table = make("table", { class: "dense points" });
  const rows = make("div", { class: "scroll rows", tabindex: "0", role: "region", "aria-label": say("showTable") }, table);
  const frame = card(say("chartHeat"), "plotted heatcard", code.element, plane, rows, make("p", { class: "foot" }, scale(), make("span", {}, say("boxHint"))));
  const moment = momentOf("trend");
  const zoom = zoomTo(changeView);
  code.element.hidden = rows.hidden = true;
  attribute(frame.element, "data-id", "chartHeat");
  frame.head.append(tools([
    ["table", "showTable", (button) => { rows.hidden = !rows.hidden; attribute(button, "aria-pressed", String(!rows.hidden)); if (shown && !rows.hidden) fillTable(table, shown); }],
    ["code", "showQuery", (button) => { code.element.hidden = !code.element.hidden; attribute(button, "aria-pressed", String(!code.element.hidden)); }],
    ["full", "fullScreen", () => void (document.fullscreenElement ? document.exitFullscreen() : frame.element.requestFullscreen()).catch(() => {})],
  ]));
  /** @type {import("./heat.js").Heat | null} */
  let shown = null;
  /** @type {import("./marks.js").Mark[]} */
  let marks = [];
  let begun = 0;
  /** Where the pointer is, in pixels. */
  let over = NaN;
  /** @type {import("./box.js").Box | null} */
  let box = null;
  const choose = (/** @type {string} */ text) => changeView((view) => ({ ...view, box: text }));
  const compared = boxView(() => choose(""), (b) => zoom(b.from, b.to));

  /** area is where the cells are. */
  const area = () => ({ x: left, y: above, width: Math.max(1, canvas.clientWidth - left - beside), height: Math.max(1, canvas.clientHeight - above - foot) });
  const gridOf = (/** @type {import("./heat.js").Heat} */ h) => ({ ...area(), columns: h.times.length, rows: h.rows.length });
  const drag = heatDrag(canvas, {
    area: () => (shown?.rows.length ? gridOf(shown) : null),
    start: () => ({ column: startOf(shown, moment.at), row: shown ? Math.max(0, usual(shown)) : 0 }),
    time: (first, last) => { if (shown) zoom(shown.times[first], shown.times[last]); },
    box: (cells) => { if (shown) choose(formatBox(boxOf(shown, cells))); },
    click: () => pin(moment, !moment.pinned),
    words: (cells) => (shown ? boxText(boxOf(shown, cells)) : ""),
  });
  plane.append(drag.brush, drag.spoken);
  const timeAt = (/** @type {number} */ x) => {
    const { times } = /** @type {import("./heat.js").Heat} */ (shown);
    const f = (x - left) / area().width;
    return f < 0 || f > 1 ? NaN : times[0] + f * (times[times.length - 1] - times[0]);
  };

  function draw() {
    if (!shown || shown.rows.length === 0 || canvas.clientWidth === 0) return;
    const ratioOf = devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratioOf);
    canvas.height = Math.round(canvas.clientHeight * ratioOf);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(ratioOf, ratioOf);
    const space = area();
    drawCells(context, shown, space);
    drawAxes(context, shown, space);
    const x = (/** @type {number} */ at) => placeOf(/** @type {import("./heat.js").Heat} */ (shown), at, space);
    for (const m of marks) {
      if (x(m.at) >= space.x && x(m.at) <= space.x + space.width) drawMark(context, m.kind, x(m.at), space.y, space.y + space.height, 1);
    }
    const cells = box && cellsOf(shown, box);
    if (cells) drawBox(context, placeOfCells(gridOf(shown), cells));
    const i = nearest(shown.times, moment.at);
    if (i < 0) return;
    context.strokeStyle = color("--text-3");
    context.beginPath();
    context.moveTo(Math.round(x(shown.times[i])) + 0.5, space.y);
    context.lineTo(Math.round(x(shown.times[i])) + 0.5, space.y + space.height);
    context.stroke();
  }

  function follow() {
    draw();
    const i = shown ? nearest(shown.times, moment.at) : -1;
    if (!shown || i < 0 || moment.lead !== canvas) return bubble.hide();
    const now = shown;
    const space = area();
    const r = Number.isNaN(over) ? -1 : now.rows.length - 1 - Math.floor((over - space.y) / space.height * now.rows.length);
    const listed = now.rows[r] ? [r] : topRows(now, i);
    bubble.show(now.times[i], listed.map((row) => ({ key: String(row), name: rowText(now, row), value: cellText(now.rows[row][i]) })), { x: placeOf(now, now.times[i], space), begun });
  }
  moment.followers.add(follow);

  canvas.addEventListener("pointermove", (event) => {
    if (!shown) return;
    over = event.offsetY;
    point(moment, timeAt(event.offsetX), canvas);
    follow();
  });
  canvas.addEventListener("pointerleave", () => { over = NaN; point(moment, NaN, canvas); });
  canvas.addEventListener("dblclick", () => (box ? choose("") : zoom(NaN, NaN)));
  canvas.addEventListener("keydown", (event) => {
    if (drag.key(event)) return event.preventDefault();
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === "Escape") {
      if (moment.pinned || box) event.preventDefault();
      pin(moment, false);
      point(moment, NaN, canvas);
      if (box) choose("");
    }
    if (!move || !shown) return;
    event.preventDefault();
    const last = shown.times.length - 1;
    const i = nearest(shown.times, moment.at);
    pin(moment, false);
    point(moment, shown.times[Math.min(last, Math.max(0, (i < 0 ? last : i) + move))], canvas);
  });
  canvas.addEventListener("blur", () => point(moment, NaN, canvas));
  new ResizeObserver(draw).observe(plane);
  whenThemeChanges(draw);

  return {
    element: make("div", { class: "stack heats" }, frame.element, compared.element),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./queries.js").Subject} subject
     * @param {{marks: import("./marks.js").Mark[], begun: number, names: import("./names.js").Names}} more
     */
    update(now, subject, more) {
      const answer = heatOf(now, subject);
      if (!answer) return;
      [marks, begun] = [more.marks, more.begun];
      box = parseBox(now.view.box);
      const found = answer.heat ?? { times: [], bounds: [], floor: 0, rows: [], most: 0 };
      const any = found.rows.length > 0;
      shown = found;
      canvas.hidden = !any;
      const why = any ? "" : lacking(now, "native_histograms");
      frame.state(why && !answer.problem ? "off" : "");
      empty.update(any ? "" : answer.problem ?? (why || say("noPoints")), "", answer.problem ? now.refresh : undefined);
      code.update(answer.expr);
      const words = any ? summary(found) : "";
      frame.note(words);
      attribute(canvas, "aria-label", `${say("chartHeat")}: ${words || say("noPoints")}`);
      // A box whose time has left the range is compared with nothing.
      compared.update(now, more.names, subject, box && any && cellsOf(found, box) ? box : null, Boolean(answer.native));
      if (!any) return;
      draw();
      if (!rows.hidden) fillTable(table, found);
    },
  };
}

/** heatOf prefers native histograms, whose buckets are finer; others are asked for only where there are none. */
function heatOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./queries.js").Subject} */ subject) {
  const native = nativeQuery(subject, now.step);
  const { expr } = /** @type {import("./panels.js").Panel} */ (panels(subject, now.source, now.step, now.every).find((p) => p.id === "chartHeat"));
  // A query for what the engine converted or dropped is an empty success: it tells nothing.
  const [finer, answer] = [lacks(now, "native_histograms") ? { value: undefined } : rangeOf(now, native), rangeOf(now, expr)];
  if (!finer || !answer) return undefined;
  const found = finer.value && nativeHeat(finer.value);
  if (found) return { heat: found, expr: native, native: true };
  return answer.problem ? { expr, problem: answer.problem.text() } : { expr, heat: heat(answer.value ?? nothingOver(now)) };
}

/** scale is the key of the colors, from few to many. */
function scale() {
  const ramp = svg("svg", { viewBox: "0 0 6 1", preserveAspectRatio: "none", "aria-hidden": "true" }, ...[1, 2, 3, 4, 5, 6].map((n, i) => svg("path", { class: `h${n}`, d: `M${i} 0h1v1h-1z` })));
  return make("span", { class: "heatkey" }, say("few"), ramp, say("manyRequests"));
}

/** rowText is a bucket in words. */
function rowText(/** @type {import("./heat.js").Heat} */ h, /** @type {number} */ r, upTo = r) {
  const from = r > 0 ? h.bounds[r - 1] : h.floor;
  return h.bounds[upTo] === Infinity ? say("slowerThan", { from: latency(from) }) : `${latency(from)} – ${latency(h.bounds[upTo])}`;
}

/** summary says what requests take now: one group, or two with the share of each. */
function summary(/** @type {import("./heat.js").Heat} */ h) {
  const found = groups(h);
  if (found.length === 2) {
    const [a, b] = found;
    return say("twoGroups", { share: `${Math.round(a.share * 100)}%`, bucket: rowText(h, a.from, a.to), rest: `${Math.round(b.share * 100)}%`, other: rowText(h, b.from, b.to) });
  }
  const r = usual(h);
  return r < 0 ? "" : say("mostAre", { bucket: rowText(h, r) });
}

const cellText = (/** @type {number | null} */ v) => (v === null ? "–" : `${rate(v)} ${say("rateUnit")}`);

/** topRows are the fullest rows at a time, the slowest first. */
const topRows = (/** @type {import("./heat.js").Heat} */ h, /** @type {number} */ i) =>
  h.rows.map((row, r) => ({ r, v: row[i] ?? 0 })).filter(({ v }) => v > 0).sort((a, b) => b.v - a.v).slice(0, 5).map(({ r }) => r).sort((a, b) => b - a);

/** placeOf is where a time is, in pixels. */
const placeOf = (/** @type {import("./heat.js").Heat} */ { times }, /** @type {number} */ at, /** @type {{x: number, width: number}} */ { x, width }) =>
  x + (at - times[0]) / Math.max(1, times[times.length - 1] - times[0]) * width;

/** @typedef {{x: number, y: number, width: number, height: number}} Area */

function drawCells(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./heat.js").Heat} */ h, /** @type {Area} */ space) {
  const [w, tall] = [space.width / h.times.length, space.height / h.rows.length];
  const colors = [1, 2, 3, 4, 5, 6].map((n) => color(`--h${n}`));
  h.rows.forEach((row, r) => row.forEach((v, i) => {
    const shade = v === null ? -1 : shadeOf(v, h.most, colors.length);
    if (shade < 0) return;
    context.fillStyle = colors[shade];
    context.fillRect(space.x + i * w, space.y + (h.rows.length - 1 - r) * tall, w + 0.5, Math.max(1, tall - 1));
  }));
}

/** startOf is the column at a moment, or the last one. */
function startOf(/** @type {import("./heat.js").Heat | null} */ h, /** @type {number} */ at) {
  const i = h ? nearest(h.times, at) : -1;
  return i < 0 ? (h?.times.length ?? 1) - 1 : i;
}

/** drawBox outlines the box that is compared. */
function drawBox(/** @type {CanvasRenderingContext2D} */ context, /** @type {Area} */ { x, y, width, height }) {
  context.save();
  for (const [style, wide] of /** @type {[string, number][]} */ ([["--surface", 4], ["--accent", 2]])) {
    context.strokeStyle = color(style);
    context.lineWidth = wide;
    context.strokeRect(x, y - 1, width, height + 1);
  }
  context.restore();
}

function drawAxes(/** @type {CanvasRenderingContext2D} */ context, /** @type {import("./heat.js").Heat} */ h, /** @type {Area} */ space) {
  context.fillStyle = color("--text-3");
  context.font = labelFont();
  context.textAlign = "right";
  context.textBaseline = "middle";
  const tall = space.height / h.rows.length;
  const every = Math.ceil(26 / tall);
  h.bounds.forEach((bound, r) => {
    if (r % every === 0 && bound !== Infinity) context.fillText(latency(bound), space.x - 7, space.y + (h.rows.length - 1 - r) * tall);
  });
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const { distance, times } = roundTimes({ from: h.times[0], to: h.times[h.times.length - 1] }, Math.max(2, Math.floor(space.width / 90)));
  for (const at of times) context.fillText((distance < 60 ? clock : minute)(new Date(at * 1000)), placeOf(h, at, space), space.y + space.height + 17);
}

/** fillTable shows the newest column. */
function fillTable(/** @type {Element} */ table, /** @type {import("./heat.js").Heat} */ h) {
  const head = make("tr", {}, make("th", { scope: "col" }, say("chartLatency")), make("th", { scope: "col", class: "n" }, time(new Date(h.times[h.times.length - 1] * 1000), new Date())));
  const rows = h.rows.map((row, r) => make("tr", {}, make("td", {}, rowText(h, r)), make("td", { class: "n" }, rate(row.findLast((v) => v !== null) ?? NaN))));
  table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows.reverse()));
}
