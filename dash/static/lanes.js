// Lanes: one for each finding and deployment, all on the time axis of the charts. What came first?

import { attribute, list, make, put, svg } from "./dom.js";
import { minute, clock } from "./format.js";
import { percentOf } from "./geometry.js";
import { icon, stateIcon } from "./icons.js";
import { say } from "./messages.js";
import { areaPath, sparkPath } from "./sparkline.js";

/**
 * A Lane is a line of the verdict.
 * @typedef {object} Lane
 * @property {string} key
 * @property {string} state the shape and the tone; deploy for a deployment
 * @property {string} [job] of a service, if there are several
 * @property {string} subject
 * @property {string} text after the subject
 * @property {string} [was]
 * @property {string} since
 * @property {string} where
 * @property {boolean} [only] the place stands out
 * @property {string} [href]
 * @property {number} from seconds since the epoch
 * @property {number} [to] the end; now if it goes on
 * @property {number[]} [bells] when alerts began to fire
 * @property {(number | null)[]} [values] over the whole axis
 *
 * @typedef {{from: number, to: number}} Axis seconds since the epoch
 */

/**
 * lanes are the rows below the sentence.
 * @param {import("./now.js").ChangeView} changeView
 */
export function lanes(changeView) {
  const ticks = svg("svg", { class: "swim", "aria-hidden": "true" });
  const head = make("div", { class: "lane axis" }, make("div", { class: "what" }, say("what")), make("div", { class: "when" }, say("sinceHead")), make("div", { class: "where" }, say("whereHead")), make("div", { class: "time" }, ticks));
  const body = make("div", { class: "lanes", role: "list" });
  const rows = make("div", { class: "rows" });
  body.append(head, rows);
  // The charts' crosshair and zoom, through the lanes as well.
  body.addEventListener("pointerenter", () => void import("./later.js").then((later) => later.zoomLanes(changeView)).catch(() => {}));
  return {
    element: body,
    /**
     * @param {Lane[]} all
     * @param {Axis} axis
     * @param {number | undefined} deploy the time of the last deployment, whose line crosses all lanes
     */
    update(all, axis, deploy) {
      body.hidden = all.length === 0;
      if (body.hidden) return;
      attribute(body, "data-axis", `${axis.from} ${axis.to}`);
      drawTicks(ticks, axis);
      list(rows, all.map((lane) => ({ ...lane, axis, cut: deploy })), laneView);
      body.dispatchEvent(new Event("lanes", { bubbles: true }));
    },
  };
}

/** place is where a time is on the axis, from 0 to 1. */
const place = (/** @type {number} */ at, /** @type {Axis} */ { from, to }) => Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from)));

const distances = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** roundTimes are up to six round times on an axis. */
export function roundTimes(/** @type {Axis} */ { from, to }, most = 6) {
  const distance = distances.find((d) => (to - from) / d <= most) ?? 2_592_000;
  const first = Math.ceil(from / distance) * distance;
  return { distance, times: Array.from({ length: Math.max(0, Math.floor((to - first) / distance) + 1) }, (_, i) => first + i * distance) };
}

function drawTicks(/** @type {Element} */ ticks, /** @type {Axis} */ axis) {
  const { distance, times } = roundTimes(axis);
  const key = times.join();
  // Between two round times only the places change.
  if (ticks.getAttribute("data-key") !== key) {
    ticks.setAttribute("data-key", key);
    ticks.replaceChildren(...times.map((at) => svg("text", { y: 15 }, (distance < 60 ? clock : minute)(new Date(at * 1000)))));
  }
  times.forEach((at, i) => {
    const f = place(at, axis);
    attribute(ticks.children[i], "x", percentOf(f));
    // Below its time, or not at all: moved to fit, it would be at another time.
    attribute(ticks.children[i], "class", "mid");
    ticks.children[i].toggleAttribute("hidden", f < 0.005 || f > 0.995);
  });
}

function laneView(/** @type {Lane} */ first) {
  const deploy = first.state === "deploy";
  const state = stateIcon();
  const job = make("b");
  const subject = make("b", { class: deploy ? "" : "route" });
  const text = make("span");
  const was = make("span", { class: "was" });
  const when = make("div", { class: "when" });
  const where = make("div", { class: "where" });
  const swim = svg("svg", { class: "swim", "aria-hidden": "true" });
  const draw = deploy ? gem(swim) : curve(swim);
  const element = make(first.href ? "a" : "div", { class: "lane", role: "listitem" },
    make("div", { class: "what" }, deploy ? icon("deploy", "is-deploy") : state.element, make("p", {}, job, " ", subject, " ", text, " ", was)), when, where, make("div", { class: "time" }, swim));
  return {
    element,
    update(/** @type {Lane & {axis: Axis, cut: number | undefined}} */ lane) {
      if (!deploy) state.update(lane.state);
      put(job, lane.job ?? "");
      put(subject, lane.subject);
      put(text, lane.text);
      put(was, lane.was ?? "");
      put(when, lane.since);
      put(where, lane.where);
      attribute(where, "class", lane.only ? "where only" : "where");
      if (lane.href) attribute(element, "href", lane.href);
      draw(lane);
    },
  };
}

/** gem draws a deployment. */
function gem(/** @type {Element} */ swim) {
  const shape = svg("svg", { y: "50%", overflow: "visible" }, svg("path", { class: "gem", d: "M0-7 6 0 0 7-6 0z" }));
  const down = svg("line", { class: "cut", y1: "50%", y2: "100%" });
  swim.append(svg("line", { class: "base", x2: "100%", y1: "50%", y2: "50%" }), down, shape);
  return (/** @type {Lane & {axis: Axis}} */ { from, axis }) => {
    const x = percentOf(place(from, axis));
    attribute(shape, "x", x);
    for (const end of ["x1", "x2"]) attribute(down, end, x);
  };
}

/** curve draws the values of a finding, in ink before it began and in its color since; without values a bar. */
function curve(/** @type {Element} */ swim) {
  const cut = svg("line", { class: "cut", y1: "0", y2: "100%" });
  const base = svg("line", { class: "base", x2: "100%", y1: "50%", y2: "50%" });
  const ink = svg("path", { class: "ln" });
  const ground = svg("path");
  const hot = svg("path");
  const run = svg("rect", { y: -5, height: 10, rx: 2 });
  const bar = svg("svg", { y: "50%", overflow: "visible" }, run);
  const bells = svg("g");
  swim.append(base, cut, svg("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none" }, ink, ground, hot), bar, bells);
  return (/** @type {Lane & {axis: Axis, cut: number | undefined}} */ lane) => {
    const { axis, values, from, to } = lane;
    const tone = lane.state === "errors" || lane.state === "down" ? "" : " warn";
    const begin = place(from, axis);
    const end = to ? place(to, axis) : 1;
    const isCut = lane.cut !== undefined && lane.cut >= axis.from && lane.cut <= axis.to;
    cut.toggleAttribute("hidden", !isCut);
    if (isCut) for (const x of ["x1", "x2"]) attribute(cut, x, percentOf(place(lane.cut ?? 0, axis)));
    const drawn = values?.some((v) => v !== null);
    base.toggleAttribute("hidden", Boolean(drawn));
    bar.toggleAttribute("hidden", Boolean(drawn));
    for (const path of [ink, ground, hot]) path.toggleAttribute("hidden", !drawn);
    attribute(run, "class", `run${tone}`);
    attribute(run, "x", percentOf(begin));
    attribute(run, "width", percentOf(Math.max(0.004, end - begin)));
    if (drawn) drawCurve(/** @type {(number | null)[]} */ (values), begin, end, [ink, ground, hot], tone);
    drawBells(bells, (lane.bells ?? []).filter((at) => at >= axis.from && at <= axis.to).map((at) => percentOf(place(at, axis))), Boolean(drawn));
  };
}

function drawCurve(/** @type {(number | null)[]} */ values, /** @type {number} */ begin, /** @type {number} */ end, /** @type {Element[]} */ [ink, ground, hot], /** @type {string} */ tone) {
  const last = values.length - 1;
  const [a, b] = [Math.min(last, Math.ceil(begin * last)), Math.max(0, Math.floor(end * last))];
  const most = Math.max(...values.map((v) => v ?? 0), 1e-12) * 1.08;
  const within = (/** @type {(i: number) => boolean} */ inside) => values.map((v, i) => (inside(i) ? v : null));
  const wrong = within((i) => i >= a && i <= b);
  attribute(ink, "d", sparkPath(within((i) => i <= a || i >= b), most, 1000, 100));
  attribute(hot, "d", sparkPath(wrong, most, 1000, 100));
  attribute(hot, "class", `hotline${tone}`);
  attribute(ground, "class", `hot${tone}`);
  attribute(ground, "d", b > a ? areaPath(wrong, most, 1000, 100) : "");
}

function drawBells(/** @type {Element} */ group, /** @type {string[]} */ at, /** @type {boolean} */ high) {
  const key = at.join() + high;
  if (group.getAttribute("data-key") === key) return;
  group.setAttribute("data-key", key);
  group.replaceChildren(...at.map((x) => svg("svg", { x, y: high ? 11 : "50%", overflow: "visible" },
    svg("circle", { class: "bell", r: 7.5 }), svg("path", { class: "bell", d: "M-2.6 1.5v-2a2.6 2.6 0 0 1 5.2 0v2zM-.6 3h1.2" }))));
}
