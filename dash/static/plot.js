// The box of a chart: lines or stacked areas over time, drawn by uPlot, and what it lacks: the crosshair that
// all charts share, a tip, a keyboard cursor, the ground of an incident, limits and events.

import { say } from "./messages.js";
import { color, faint } from "./colors.js";
import { momentOf, nearest, pin, point } from "./cursor.js";
import { attribute, make, put } from "./dom.js";
import { clock, date, dayKey, minute, zoneName } from "./format.js";
import { drawMarks, markText } from "./marks.js";
import { tickTexts } from "./panels.js";
import { nameOf, pointText, signOf, styleOf, writerOf, written } from "./lines.js";
import { thinned } from "./thin.js";
import { tip } from "./tip.js";

/** uPlot is a classic script, vendored as it is released. */
const uPlot = globalThis.uPlot;

/** Pixels of the axes, and of the space at the top and on the right. */
const [axisWidth, axisHeight, above, beside] = [46, 26, 8, 14];

/**
 * A Look is what is drawn around the lines.
 * @typedef {object} Look
 * @property {{from: number, to: number, tone: string}[]} [grounds] parts in which something was wrong; to is Infinity while it is
 * @property {{value: number, text: string} | null} [limit]
 * @property {number} [begun] when the incident began, for the tip
 * @property {string} [alone] the only line that is shown
 * @property {{firstBound: number, lastBound: number}} [buckets] of the histogram whose quantiles are drawn
 * @property {number} [most] the least value at the top of the axis
 */

/**
 * plot returns an empty box. It calls dragged with the two times, in seconds, of a drag, and NaN twice after a
 * double click.
 * @param {string} syncKey charts with the same key share their crosshair
 * @param {(from: number, to: number) => void} dragged
 * @param {{size?: string, moved?: (at: number) => void}} more its height; moved is told the index under the crosshair, or -1
 */
export function plot(syncKey, dragged, { size = "", moved = () => {} } = {}) {
  const spoken = make("p", { class: "unseen", "aria-live": "polite" });
  const box = make("div", { class: "plot", tabindex: "0", role: "img", "aria-label": say("loading") });
  const bubble = tip();
  const element = make("div", { class: `chart ${size}`.trim() }, box, bubble.element, spoken);
  const moment = momentOf(syncKey);
  /** @type {UPlot | null} */
  let drawn = null;
  let shape = "";
  /** @type {import("./lines.js").Shown | null} */
  let shown = null;
  /** @type {import("./marks.js").Mark[]} */
  let marks = [];
  /** @type {Look} */
  let look = {};
  /** Where a press of the button began, in pixels. */
  let pressed = NaN;

  /** follow shows the crosshair where the moment is, and the tip in the chart that leads. */
  function follow() {
    if (!drawn || !shown) return;
    const at = nearest(shown.times, moment.at);
    const x = at < 0 ? -10 : drawn.valToPos(shown.times[at], "x");
    drawn.setCursor({ left: x, top: at < 0 ? -10 : 1 }, false);
    element.classList.toggle("pinned", moment.pinned);
    moved(at);
    if (at < 0 || moment.lead !== element) return bubble.hide();
    const now = shown;
    bubble.show(now.times[at], now.names.map((name, i) => ({ key: name, sign: () => signOf(now, i), name: nameOf(now, i), value: written(now.unit, now.values[i][at]) })),
      { x: x + box.offsetLeft + drawn.bbox.left / devicePixelRatio, begun: look.begun ?? 0 });
  }
  moment.followers.add(follow);

  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (moment.pinned) event.preventDefault();
      pin(moment, false);
      return point(moment, NaN, element);
    }
    if (event.key === "Enter") return pin(moment, !moment.pinned);
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!move || !drawn || !shown) return;
    event.preventDefault();
    const last = shown.times.length - 1;
    const from = nearest(shown.times, moment.at);
    const at = Math.min(last, Math.max(0, (from < 0 ? last : from) + move));
    pin(moment, false);
    point(moment, shown.times[at], element);
    put(spoken, [pointText(shown, at), ...marksAt(shown, at, marks).map(markText)].join(". "));
  });
  box.addEventListener("blur", () => point(moment, NaN, element));
  new ResizeObserver(() => resize()).observe(element);
  whenThemeChanges(() => { shape = ""; if (shown) draw(); });

  function resize() {
    if (drawn && element.clientWidth > 0) drawn.setSize({ width: element.clientWidth, height: element.clientHeight });
  }

  function draw() {
    const now = /** @type {import("./lines.js").Shown} */ (shown);
    const wanted = JSON.stringify([now.names, now.unit, now.stacked, now.names.map((_, i) => styleOf(now, i).color)]);
    const all = [now.times, ...now.drawn.map((column, i) => (!look.alone || now.names[i] === look.alone ? (look.alone ? now.values[i] : column) : column.map(() => null)))];
    const room = (element.clientWidth || 300) * devicePixelRatio;
    const data = now.times.length > 1.5 * room ? thinned(all, room / 2) : all;
    if (drawn && shape === wanted) return drawn.setData(data);
    drawn?.destroy();
    shape = wanted;
    drawn = new uPlot(options(now, element, () => ({ marks, look }), dragged), data, box);
    listen(drawn);
    return undefined;
  }

  /** listen follows the pointer. */
  function listen(/** @type {UPlot} */ u) {
    u.over.addEventListener("dblclick", () => dragged(NaN, NaN));
    u.over.addEventListener("pointermove", (event) => {
      if (shown) point(moment, u.posToVal(event.offsetX, "x"), element);
    });
    u.over.addEventListener("pointerleave", () => point(moment, NaN, element));
    u.over.addEventListener("pointerdown", (event) => { pressed = event.clientX; });
    u.over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - pressed) < 4) pin(moment, !moment.pinned);
    });
  }

  return {
    element,
    /** The content, which can be null, and the canvas. */
    shown: () => shown,
    canvas: () => /** @type {HTMLCanvasElement | null} */ (drawn?.ctx.canvas ?? null),
    /**
     * @param {import("./lines.js").Shown} now
     * @param {import("./marks.js").Mark[]} nowMarks
     * @param {Look} nowLook
     */
    update(now, nowMarks, nowLook) {
      const same = shown && shape && JSON.stringify([marks, { ...look, buckets: 0 }]) === JSON.stringify([nowMarks, { ...nowLook, buckets: 0 }]) && isSame(shown, now);
      [shown, marks, look] = [now, nowMarks, nowLook];
      if (same) return;
      draw();
      follow();
    },
    /** name is what the picture says to those who do not see it. */
    name(/** @type {string} */ text) { attribute(box, "aria-label", text); },
    destroy() {
      moment.followers.delete(follow);
      drawn?.destroy();
    },
  };
}

/**
 * whenThemeChanges calls draw whenever the colors change, by the system or by the user.
 * @param {() => void} draw
 */
export function whenThemeChanges(draw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("themechange", draw);
}

/**
 * isSame reports that there is nothing new to draw: a fixed time range is drawn once. It
 * compares from the end, where new points are.
 */
function isSame(/** @type {import("./lines.js").Shown} */ a, /** @type {import("./lines.js").Shown} */ b) {
  const same = (/** @type {unknown[]} */ x, /** @type {unknown[]} */ y) => x.length === y.length && x.findLastIndex((v, i) => v !== y[i]) < 0;
  return a.expr === b.expr && a.unit === b.unit && same(a.times, b.times) && same(a.names, b.names) && a.values.every((column, i) => same(column, b.values[i]));
}

/** marksAt are the marks nearest to a point. */
function marksAt(/** @type {import("./lines.js").Shown} */ { times }, /** @type {number} */ at, /** @type {import("./marks.js").Mark[]} */ marks) {
  const half = (times[1] - times[0]) / 2;
  return marks.filter((m) => Math.abs(m.at - times[at]) <= half);
}

/** The font of the labels, which a canvas does not inherit. */
export const labelFont = () => `11px ${getComputedStyle(document.body).fontFamily}`;

/** options are uPlot's. */
function options(/** @type {import("./lines.js").Shown} */ now, /** @type {HTMLElement} */ room, /** @type {() => {marks: import("./marks.js").Mark[], look: Look}} */ around, /** @type {Function} */ dragged) {
  const axis = { stroke: color("--text-3"), ticks: { show: false }, font: labelFont() };
  const write = writerOf(now.unit);
  const top = (/** @type {number} */ max) => Math.max(max, around().look.most ?? 0, around().look.limit?.value ?? 0);
  return {
    width: room.clientWidth || 300, height: room.clientHeight || 124,
    legend: { show: false },
    padding: [above, beside, 0, 0],
    cursor: {
      y: false, lock: false,
      move: (/** @type {UPlot} */ _, /** @type {number} */ left, /** @type {number} */ y) => [left, y],
      drag: { x: true, y: false, setScale: false },
      points: { size: 8, width: 2, stroke: color("--surface"), fill: (/** @type {UPlot} */ _, /** @type {number} */ i) => color(styleOf(now, i - 1).color) },
    },
    tzDate: (/** @type {number} */ ts) => uPlot.tzDate(new Date(ts * 1000), zoneName()),
    scales: { y: { range: (/** @type {UPlot} */ _, /** @type {number} */ min, /** @type {number} */ max) => [min < 0 ? min * 1.08 : 0, top(max) > 0 ? top(max) * (top(max) === 1 && now.unit === "ratio" ? 1 : 1.08) : min < 0 ? 0 : 1] } },
    axes: [
      { ...axis, size: axisHeight, gap: 6, grid: { show: false }, border: { show: true, stroke: color("--edge"), width: 0.5 }, values: labelTimes, incrs: timeSteps, space: 56 },
      {
        ...axis, gap: 6, grid: { stroke: color("--line"), width: 1 }, space: room.clientHeight > 180 ? 44 : 28,
        // As wide as the other charts' axes, unless its numbers are longer.
        size: (/** @type {UPlot} */ _, /** @type {string[] | null} */ texts) => Math.max(axisWidth, 12 + 6.6 * Math.max(0, ...(texts ?? []).map((t) => t.length))),
        values: (/** @type {UPlot} */ _, /** @type {number[]} */ ticks) => tickTexts(ticks, now.unit, write),
      },
    ],
    series: [{}, ...now.names.map((name, i) => line(now, name, i))],
    bands: bandsOf(now),
    hooks: {
      setSelect: [(/** @type {UPlot} */ u) => {
        if (u.select.width < 4) return;
        dragged(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
      drawClear: [(/** @type {UPlot} */ u) => drawGrounds(u, around().look.grounds ?? [])],
      draw: [(/** @type {UPlot} */ u) => { drawLimit(u, around().look.limit); drawMarks(u, around().marks); }],
    },
  };
}

/** bandsOf are the areas between lines: of a stack, and from p50 to p95. */
function bandsOf(/** @type {import("./lines.js").Shown} */ now) {
  if (now.stacked) return now.names.filter((name) => name !== "before").slice(1).map((_, i) => ({ series: [i + 2, i + 1] }));
  const [low, high] = [now.names.indexOf("0.5"), now.names.indexOf("0.95")];
  return low >= 0 && high >= 0 ? [{ series: [high + 1, low + 1], fill: faint("--q95", 0.16) }] : [];
}

function line(/** @type {import("./lines.js").Shown} */ now, /** @type {string} */ name, /** @type {number} */ i) {
  const style = styleOf(now, i);
  const areas = name !== "before" && (now.stacked || now.id === "chartErrors");
  return {
    stroke: color(style.color), width: now.stacked && name !== "before" ? 0 : style.width, dash: now.stacked && name !== "before" ? [] : style.dash,
    fill: areas ? faint(style.color, now.stacked ? 0.62 : 0.16) : undefined, spanGaps: false, points: { show: false },
  };
}

/** drawGrounds tints the parts in which something was wrong. */
function drawGrounds(/** @type {UPlot} */ u, /** @type {{from: number, to: number, tone: string}[]} */ grounds) {
  const { ctx, bbox } = u;
  ctx.save();
  for (const { from, to, tone } of grounds) {
    const x = (/** @type {number} */ at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(at, "x", true)));
    const [a, b] = [x(from), to === Infinity ? bbox.left + bbox.width : x(to)];
    ctx.fillStyle = faint(tone === "warn" ? "--warn-mark" : "--bad-mark", tone === "warn" ? 0.09 : 0.07);
    ctx.fillRect(a, bbox.top, Math.max(0, b - a), bbox.height);
  }
  ctx.restore();
}

/** drawLimit draws a limit with its value on it. */
function drawLimit(/** @type {UPlot} */ u, /** @type {{value: number, text: string} | null | undefined} */ limit) {
  if (!limit) return;
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(limit.value, "y", true));
  if (!(y >= bbox.top && y <= bbox.top + bbox.height)) return;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color("--text-3");
  ctx.lineWidth = scale;
  ctx.setLineDash([5 * scale, 4 * scale]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = labelFont().replace("11px", `${11 * scale}px`);
  ctx.textAlign = "left";
  ctx.lineWidth = 3 * scale;
  ctx.strokeStyle = color("--surface");
  const below = y - 14 * scale < bbox.top;
  ctx.strokeText(limit.text, bbox.left + 4 * scale, y + (below ? 13 : -4) * scale);
  ctx.fillText(limit.text, bbox.left + 4 * scale, y + (below ? 13 : -4) * scale);
  ctx.restore();
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000];

/** timeSteps are the distances between labels: whole minutes from three minutes on. */
const timeSteps = (/** @type {UPlot} */ _, /** @type {number} */ axis, /** @type {number} */ from, /** @type {number} */ to) => steps.filter((s) => s >= 60 || to - from < 180);

/** labelTimes are the labels of a time axis; none is cut off at the edge. */
function labelTimes(/** @type {UPlot} */ u, /** @type {number[]} */ ticks) {
  const texts = tickTimes(ticks);
  const room = (/** @type {number} */ at) => u.bbox.width / devicePixelRatio - u.valToPos(at, "x") + beside;
  return texts.map((text, i) => (i === ticks.length - 1 && room(ticks[i]) < 3.2 * text.length ? "" : text));
}

/**
 * tickTimes writes the times below a chart: a 24 h clock, and the day where it changes.
 * @param {number[]} ticks
 */
export function tickTimes(ticks) {
  const distance = ticks.length > 1 ? ticks[1] - ticks[0] : 60;
  return ticks.map((at, i) => {
    const moment = new Date(at * 1000);
    const newDay = i > 0 && dayKey(new Date(ticks[i - 1] * 1000)) !== dayKey(moment);
    if (distance >= 86400 || newDay) return date(moment);
    return (distance < 60 ? clock : minute)(moment);
  });
}
