// A chart: lines or stacked areas over time, drawn by uPlot, with what a canvas lacks:
// a description for screen readers, a keyboard cursor, and the numbers as a table.

import { color, faint } from "./colors.js";
import { attribute, make, put } from "./dom.js";
import { bytes, clock, count, date, dayKey, latency, minute, nothing, number, rate, ratio, shorten, time, visible, zoneName } from "./format.js";
import { drawMarks, markText } from "./marks.js";
import { say } from "./messages.js";
import { lastOf, stack, tickTexts } from "./panels.js";

/** uPlot is a classic script, vendored as it is released. */
const uPlot = globalThis.uPlot;

const height = 150;

/**
 * How the numbers of a unit are written.
 * @type {Record<string, (n: number) => string>}
 */
const writers = { rate, ratio, latency, count, number, bytes };

/** @param {string} unit @param {number | null | undefined} n */
export const written = (unit, n) => (n === null || n === undefined ? nothing : writers[unit](n));

/**
 * Colors and dashes of lines by name; dashes tell lines apart without colors.
 * @type {Record<string, [string, number[]]>}
 */
const lineStyles = {
  "1xx": ["--c5", []], "2xx": ["--c1", []], "3xx": ["--c2", []], "4xx": ["--c3", []], "5xx": ["--c4", []],
  before: ["--text-3", [4, 4]], limit: ["--text-3", [8, 4]],
  "0.5": ["--c1", []], "0.95": ["--c3", [6, 3]], "0.99": ["--c4", [2, 2]],
  cpu: ["--c1", []], memory: ["--c3", [6, 3]], fds: ["--c2", [2, 2]], pool: ["--c5", [8, 2, 2, 2]],
};

const lineStyle = (/** @type {string} */ name, /** @type {number} */ i) => lineStyles[name] ?? [`--c${(i % 5) + 1}`, []];

/**
 * chart returns an empty chart. It calls dragged with the two times, in seconds, of a
 * drag.
 * @param {string} syncKey charts with the same key share their cursor
 * @param {(from: number, to: number) => void} dragged
 */
export function chart(syncKey, dragged) {
  const title = make("h3");
  const legend = make("ul", { class: "legend" });
  const plot = make("div", { class: "plot", tabindex: "0", role: "img" });
  const spoken = make("p", { class: "unseen", "aria-live": "polite" });
  const empty = make("p", { class: "muted" });
  const code = make("code");
  const table = make("table", { class: "points" });
  const more = /** @type {HTMLDetailsElement} */ (make("details", {}, make("summary", {}, say("asTable")), make("p", {}, code), table));
  const element = make("figure", { class: "chart" }, title, legend, plot, spoken, empty, more);
  /** @type {UPlot | null} */
  let drawn = null;
  let shape = "";
  /** @type {Shown | null} */
  let shown = null;
  /** @type {import("./marks.js").Mark[]} */
  let marks = [];

  plot.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!move || !drawn || !shown) return;
    event.preventDefault();
    const last = shown.times.length - 1;
    const at = Math.min(last, Math.max(0, (drawn.cursor.idx ?? last) + move));
    drawn.setCursor({ left: drawn.valToPos(shown.times[at], "x"), top: 0 });
    put(spoken, [pointText(shown, at), ...marksAt(shown, at, marks).map(markText)].join(". "));
  });
  more.addEventListener("toggle", () => { if (shown && more.open) fillTable(table, shown); });
  new ResizeObserver(() => drawn?.setSize({ width: plot.clientWidth, height })).observe(plot);
  whenThemeChanges(() => { shape = ""; if (shown) draw(); });

  function draw() {
    const now = /** @type {Shown} */ (shown);
    const wanted = JSON.stringify([now.names, now.unit, now.stacked]);
    const data = [now.times, ...now.drawn];
    if (drawn && shape === wanted) {
      drawn.setData(data);
      return;
    }
    drawn?.destroy();
    shape = wanted;
    drawn = new uPlot(options(now, plot.clientWidth || 300, syncKey, dragged, () => marks), data, plot);
    drawn.over.addEventListener("dblclick", () => dragged(NaN, NaN));
    legend.replaceChildren(...now.names.map((name, i) => {
      const mark = make("span", { class: "mark" });
      mark.style.background = `var(${lineStyle(name, i)[0]})`;
      return make("li", {}, mark, make("span", { class: "of" }), " ", make("b"));
    }));
  }

  return {
    element,
    /**
     * @param {Shown} now
     * @param {import("./marks.js").Mark[]} [shownMarks]
     */
    update(now, shownMarks = []) {
      const same = shown && shape && JSON.stringify(marks) === JSON.stringify(shownMarks) && isSame(shown, now);
      shown = now;
      marks = shownMarks;
      if (same) return;
      put(title, say(now.id));
      put(code, now.expr);
      const any = now.values.some((column) => column.some((v) => v !== null));
      plot.hidden = more.hidden = legend.hidden = !any;
      put(empty, any ? "" : say(now.id === "chartErrors" ? "noErrors" : "noPoints"));
      empty.hidden = any;
      if (!any) return;
      draw();
      now.values.forEach((column, i) => {
        const item = legend.children[i];
        put(/** @type {Element} */ (item.querySelector(".of")), nameOf(now, i));
        put(/** @type {Element} */ (item.querySelector("b")), written(now.unit, lastOf(now.names[i], column)));
      });
      attribute(plot, "aria-label", `${say(now.id)}: ${pointText(now, now.times.length - 1)}`);
      if (more.open) fillTable(table, now);
    },
    /** The content and the canvas, for saving as an image; null while there is none. */
    shown: () => shown,
    canvas: () => /** @type {HTMLCanvasElement | null} */ (drawn?.ctx.canvas ?? null),
    destroy() { drawn?.destroy(); },
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
function isSame(/** @type {Shown} */ a, /** @type {Shown} */ b) {
  const same = (/** @type {unknown[]} */ x, /** @type {unknown[]} */ y) => x.length === y.length && x.findLastIndex((v, i) => v !== y[i]) < 0;
  return a.expr === b.expr && a.unit === b.unit && same(a.times, b.times) && same(a.names, b.names) && a.values.every((column, i) => same(column, b.values[i]));
}

/** marksAt are the marks nearest to a point. */
function marksAt(/** @type {Shown} */ { times }, /** @type {number} */ at, /** @type {import("./marks.js").Mark[]} */ marks) {
  const half = (times[1] - times[0]) / 2;
  return marks.filter((m) => Math.abs(m.at - times[at]) <= half);
}

/**
 * What a chart shows.
 * @typedef {object} Shown
 * @property {string} id
 * @property {string} unit
 * @property {string} expr
 * @property {boolean} stacked
 * @property {string[]} names
 * @property {number[]} times
 * @property {(number | null)[][]} values
 * @property {(number | null)[][]} drawn values, or their sums if stacked
 */

/**
 * shownOf converts a panel's lines to a chart's content.
 * @param {import("./panels.js").Panel} panel
 * @param {{times: number[], names: string[], values: (number | null)[][]}} lines
 * @param {(number | null)[] | null} [before] a line of the previous range
 * @returns {Shown}
 */
export function shownOf(panel, { times, names, values }, before = null) {
  const stacked = Boolean(panel.stacked);
  const finite = values.map((column) => column.map((v) => (Number.isFinite(v) ? v : null))); // no chart reaches further
  const drawn = stacked ? stack(finite) : finite;
  const more = before ? [times.map((_, i) => before[i] ?? null)] : [];
  return {
    id: panel.id, unit: panel.unit, expr: panel.expr, stacked, times, names: before ? [...names, "before"] : names,
    values: [...values, ...more], drawn: [...drawn, ...more],
  };
}

/** The resources of saturation in names.js. */
const resources = ["cpu", "memory", "fds", "pool"];

/** colorOf is the CSS variable of a line's color. */
export const colorOf = (/** @type {string} */ name, /** @type {number} */ i) => lineStyle(name, i)[0];

/** nameOf is the displayed name of a line. */
export function nameOf(/** @type {Shown} */ now, /** @type {number} */ i) {
  const name = now.names[i];
  if (name === "before") return say("before");
  if (now.id === "whyFired" && name === "limit") return say("limit");
  if (now.id === "chartLatency") return `p${Number(name) * 100}`;
  if (now.id === "chartSaturation" && resources.includes(name)) return say(`resource${name[0].toUpperCase()}${name.slice(1)}`);
  return name === "other" ? say("otherClass") : shorten(visible(name), 120);
}

/** pointText lists the values of all lines at one time. */
function pointText(/** @type {Shown} */ now, /** @type {number} */ at) {
  const moment = time(new Date(now.times[at] * 1000), new Date());
  return `${moment} ${now.values.map((column, i) => `${nameOf(now, i)} ${written(now.unit, column[at])}`).join(", ")}`;
}

/** fillTable shows the numbers, newest first, at most a hundred. */
function fillTable(/** @type {Element} */ table, /** @type {Shown} */ now) {
  const head = make("tr", {}, make("th", { scope: "col" }, say("timeColumn")), ...now.names.map((_, i) => make("th", { scope: "col", class: "number" }, nameOf(now, i))));
  const rows = now.times.map((at, i) => make("tr", {},
    make("td", {}, time(new Date(at * 1000), new Date())),
    ...now.values.map((column) => make("td", { class: "number" }, written(now.unit, column[i])))));
  table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows.reverse().slice(0, 100)));
}

/** options are uPlot's. */
function options(/** @type {Shown} */ now, /** @type {number} */ width, /** @type {string} */ syncKey, /** @type {Function} */ dragged, /** @type {() => import("./marks.js").Mark[]} */ marks) {
  const axis = { stroke: color("--text-3"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const write = writers[now.unit];
  return {
    width, height,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: {
      sync: { key: syncKey, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
    },
    tzDate: (/** @type {number} */ ts) => uPlot.tzDate(new Date(ts * 1000), zoneName()),
    scales: { y: { range: (/** @type {UPlot} */ _, /** @type {number} */ min, /** @type {number} */ max) => [min < 0 ? min * 1.08 : 0, max > 0 ? max * 1.08 : min < 0 ? 0 : 1] } },
    axes: [
      { ...axis, size: 34, values: (/** @type {UPlot} */ _, /** @type {number[]} */ ticks) => tickTimes(ticks), space: 70 },
      { ...axis, size: 64, values: (/** @type {UPlot} */ _, /** @type {number[]} */ ticks) => tickTexts(ticks, now.unit, write), space: 34 },
    ],
    series: [{}, ...now.names.map((name, i) => line(now, name, i))],
    bands: now.stacked ? now.names.filter((name) => name !== "before").slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
    hooks: {
      setSelect: [(/** @type {UPlot} */ u) => {
        if (u.select.width < 4) return;
        dragged(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
      draw: [(/** @type {UPlot} */ u) => drawMarks(u, marks(), color("--text"))],
    },
  };
}

function line(/** @type {Shown} */ now, /** @type {string} */ name, /** @type {number} */ i) {
  const [variable, dash] = lineStyle(name, i);
  const stroke = color(variable);
  return { stroke, width: 1.5, dash, fill: now.stacked && name !== "before" ? faint(variable) : undefined, spanGaps: false, points: { show: false } };
}

/** tickTimes writes the times below a chart: a 24 h clock, and the day where it changes. */
function tickTimes(/** @type {number[]} */ ticks) {
  const distance = ticks.length > 1 ? ticks[1] - ticks[0] : 60;
  return ticks.map((at, i) => {
    const moment = new Date(at * 1000);
    if (distance >= 86400) return date(moment);
    const text = (distance < 60 ? clock : minute)(moment);
    const newDay = i > 0 && dayKey(new Date(ticks[i - 1] * 1000)) !== dayKey(moment);
    return newDay ? `${text}\n${date(moment)}` : text;
  });
}
