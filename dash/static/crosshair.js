// The charts' crosshair, through the lanes as well. There is one for the document, however many lanes are made and
// go: it finds those that are shown, and each says in data-axis what time it is drawn over.

import { momentOf, pin, point } from "./cursor.js";
import { attribute, put, svg } from "./dom.js";
import { clock } from "./format.js";
import { percentOf } from "./geometry.js";

const moment = momentOf("trend");

/** axisOf is what lanes are drawn over, in seconds since the epoch. */
function axisOf(/** @type {Element} */ lanes) {
  const [from, to] = (lanes.getAttribute("data-axis") ?? "").split(" ").map(Number);
  return { from, to };
}

/** timeOf is the part of a lane that an event is on. */
const timeOf = (/** @type {Event} */ event) => (event.target instanceof Element ? event.target.closest(".lanes .time") : null);

/** atOf is the moment that the pointer is at; NaN beside the axis. */
function atOf(/** @type {PointerEvent} */ event, /** @type {Element} */ time) {
  const { from, to } = axisOf(/** @type {Element} */ (time.closest(".lanes")));
  const { left, width } = /** @type {Element} */ (time.firstElementChild).getBoundingClientRect();
  const f = (event.clientX - left) / width;
  return f >= 0 && f <= 1 ? from + f * (to - from) : NaN;
}

/** isOurs reports that the pointer was over a lane, not over a chart. */
const isOurs = () => moment.lead instanceof Element && moment.lead.matches(".lanes .time");

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
  if (event.key !== "Escape" || !moment.pinned) return;
  pin(moment, false);
  leave();
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
