// The charts' crosshair, through the lanes as well. There is one for the document, however many lanes are made and
// go: it finds the visible ones, and data-axis holds the time that each covers. A drag over a lane zooms
// as on a chart.

import { momentOf, pin, point } from "./cursor.js";
import { attribute, make, put, svg } from "./dom.js";
import { clock } from "./format.js";
import { percentOf } from "./geometry.js";
import { unzoom, zoomTo } from "./trend.js";

const moment = momentOf("trend");

/** axisOf is what lanes are drawn over, in seconds since the epoch. */
function axisOf(/** @type {Element} */ lanes) {
  const [from, to] = (lanes.getAttribute("data-axis") ?? "").split(" ").map(Number);
  return { from, to };
}

/** timeOf is the part of a lane that an event is on. */
const timeOf = (/** @type {Event} */ event) => (event.target instanceof Element ? event.target.closest(".lanes .time") : null);

/** shareOf is where the pointer is on a lane's axis: from 0 to 1 within it. */
function shareOf(/** @type {PointerEvent} */ event, /** @type {Element} */ time) {
  const { left, width } = /** @type {Element} */ (time.firstElementChild).getBoundingClientRect();
  return (event.clientX - left) / width;
}

/** atOf is the moment that the pointer is at; NaN beside the axis. */
function atOf(/** @type {PointerEvent} */ event, /** @type {Element} */ time) {
  const { from, to } = axisOf(/** @type {Element} */ (time.closest(".lanes")));
  const f = shareOf(event, time);
  return f >= 0 && f <= 1 ? from + f * (to - from) : NaN;
}

/** isOurs reports that the pointer was over a lane, not over a chart. */
const isOurs = () => moment.lead instanceof Element && moment.lead.matches(".lanes .time");

/** Selects the time range of a drag. */
let zoom = (/** @type {number} */ _, /** @type {number} */ __) => {};

/** zoomLanes lets drags over the lanes select the time range. */
export function zoomLanes(/** @type {import("./now.js").ChangeView} */ changeView) {
  zoom = zoomTo(changeView);
}

/** A drag that is shorter than this many pixels is a click. */
const short = 4;

/**
 * The drag in progress: the lane, and where it began, in pixels and on the axis.
 * @type {{time: Element, x: number, from: number, to: number, brush: Element} | null}
 */
let drag = null;
/** The click that ends a drag opens no link. */
let swallow = false;

document.addEventListener("pointerdown", (event) => {
  swallow = false;
  const time = timeOf(event);
  if (!time || event.button !== 0) return;
  const from = inAxis(shareOf(event, time));
  drag = { time, x: event.clientX, from, to: from, brush: make("div", { class: "lanebrush" }) };
});
document.addEventListener("pointermove", (event) => { if (drag) brushTo(drag, event); });
document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { time, from, to } = brushTo(drag, event);
  const is = swallow = isDrag(drag, event);
  endDrag();
  if (!is) return;
  const axis = axisOf(/** @type {Element} */ (time.closest(".lanes")));
  zoom(axis.from + from * (axis.to - axis.from), axis.from + to * (axis.to - axis.from));
});
document.addEventListener("pointercancel", endDrag);
// A lane is a link, which browsers drag away.
document.addEventListener("dragstart", (event) => { if (timeOf(event)) event.preventDefault(); });
document.addEventListener("click", (event) => {
  if (!swallow) return;
  swallow = false;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("dblclick", (event) => { if (timeOf(event)?.closest(".axis")) zoom(NaN, NaN); });

const inAxis = (/** @type {number} */ f) => Math.min(1, Math.max(0, f));
const isDrag = (/** @type {NonNullable<typeof drag>} */ { x }, /** @type {PointerEvent} */ event) => Math.abs(event.clientX - x) >= short;

/** brushTo goes on with a drag. */
function brushTo(/** @type {NonNullable<typeof drag>} */ now, /** @type {PointerEvent} */ event) {
  now.to = inAxis(shareOf(event, now.time));
  const lanes = /** @type {HTMLElement} */ (now.time.closest(".lanes"));
  if (isDrag(now, event) && !now.brush.isConnected) lanes.append(now.brush);
  const [axis, all] = [/** @type {Element} */ (now.time.firstElementChild).getBoundingClientRect(), lanes.getBoundingClientRect()];
  const [a, b] = [Math.min(now.from, now.to), Math.max(now.from, now.to)];
  Object.assign(/** @type {HTMLElement} */ (now.brush).style, { left: `${axis.left - all.left + a * axis.width}px`, width: `${(b - a) * axis.width}px` });
  return now;
}

function endDrag() {
  drag?.brush.remove();
  drag = null;
}

document.addEventListener("pointermove", (event) => {
  const time = timeOf(event);
  if (time) point(moment, atOf(event, time), time);
  else if (isOurs()) leave();
});
document.documentElement.addEventListener("pointerleave", () => { if (isOurs()) leave(); });
document.addEventListener("click", (event) => {
  // Elsewhere a click opens the lane's link.
  if (timeOf(event)?.closest(".axis")) pin(moment, !moment.pinned);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (drag) {
    swallow = true;
    return endDrag();
  }
  if (moment.pinned) {
    pin(moment, false);
    return leave();
  }
  if (!event.defaultPrevented && !(event.target instanceof Element && event.target.closest("input, textarea, [role=dialog], dialog"))) unzoom();
});
moment.followers.add(draw);
// Lanes that are drawn again have another axis, or are new.
document.addEventListener("lanes", draw);

function leave() {
  point(moment, NaN, null);
}

function draw() {
  for (const lanes of document.querySelectorAll(".lanes[data-axis]")) {
    const { from, to } = axisOf(lanes);
    const f = (moment.at - from) / (to - from);
    for (const time of lanes.querySelectorAll(".time")) drawIn(time, f);
  }
}

/** drawIn draws the moment in one lane; in the axis it says when that is. */
function drawIn(/** @type {Element} */ time, /** @type {number} */ f) {
  const isShown = f >= 0 && f <= 1;
  const old = time.querySelector(".moment");
  if (!isShown && !old) return;
  const drawn = old ?? svg("svg", { "aria-hidden": "true" }, svg("line", { y2: "100%" }), ...(time.closest(".axis") ? [svg("text", { y: 15 })] : []));
  if (!old) time.append(drawn);
  drawn.toggleAttribute("hidden", !isShown);
  attribute(drawn, "class", `swim moment ${moment.pinned ? "pinned" : ""}`.trim());
  if (!isShown) return;
  const [line, text] = drawn.children;
  for (const x of ["x1", "x2"]) attribute(line, x, percentOf(f));
  if (!text) return;
  attribute(line, "y1", "20");
  attribute(text, "x", percentOf(f));
  attribute(text, "class", f > 0.96 ? "end" : f > 0.03 ? "mid" : "");
  put(text, clock(new Date(moment.at * 1000)));
}
